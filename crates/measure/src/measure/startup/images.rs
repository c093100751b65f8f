//! The images of a project: built and pulled before it is started, looked into for a shell.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{ComposeCommand, last_message};
use crate::engine::Spec;
use crate::failure::{Failure, FailureKind};
use crate::measure::child::End;
use crate::measure::session::Session;
use crate::startup::{IsolatedProject, service_words};

/// The shell that a delay needs.
const SHELL: &str = "/bin/sh";

/// The words of programs by service, and the services without a shell.
type DelayableWords = (BTreeMap<String, Vec<String>>, Vec<String>);

impl Session {
    /// Builds and pulls what the engine lacks; says which images were pulled.
    pub(in crate::measure) fn prepare_images(
        &self,
        command: &ComposeCommand,
        isolated: &IsolatedProject,
        say: &dyn Fn(&str),
    ) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        let images: BTreeSet<_> = isolated.images.values().filter(|image| !image.is_built).collect();
        for image in images {
            if self.engine.find(&image.name, None)?.is_some() {
                continue;
            }
            say(&format!("pulling {}", image.name));
            let mut arguments = vec!["pull", "--quiet"];
            arguments.extend(image.platform.iter().flat_map(|platform| ["--platform", platform]));
            arguments.push(&image.name);
            let mut pull = self.program.command();
            let ran = self.hear(pull.args(arguments), self.options.limit, &|| self.is_stopped())?;
            match ran.end {
                End::Ended(status) if status.success() => {
                    notes.push(format!("the image `{}` was pulled and stays in the engine", image.name));
                }
                End::Interrupted => return Err(Failure::interrupted()),
                End::Ended(_) | End::TimedOut => {
                    let services: Vec<_> = isolated.images.iter().filter(|(_, other)| *other == image).collect();
                    let names: Vec<_> = services.iter().map(|(name, _)| format!("`{name}`")).collect();
                    let what = format!(
                        "the image `{}` of {} is not in the engine and cannot be pulled: {}",
                        image.name,
                        names.join(", "),
                        last_message(&ran.lines)
                    );
                    let help = "check its name, log in to its registry, or load it with `docker load`";
                    return Err(Failure::new(FailureKind::Base, what, help));
                }
            }
        }
        if isolated.images.values().any(|image| image.is_built) {
            say("building images");
            self.build_images(command, isolated)?;
        }
        Ok(notes)
    }

    fn build_images(&self, command: &ComposeCommand, isolated: &IsolatedProject) -> Result<(), Failure> {
        let path = command.write(&isolated.model)?;
        let ran =
            self.hear(&mut command.call(&path, &["--progress", "plain", "build"]), self.options.limit, &|| {
                self.is_stopped()
            })?;
        let (kind, what) = match ran.end {
            End::Ended(status) if status.success() => return Ok(()),
            End::Interrupted => return Err(Failure::interrupted()),
            End::TimedOut => {
                let seconds = self.options.limit.as_secs();
                (FailureKind::TimedOut, format!("the images were not built within {seconds} s"))
            }
            End::Ended(_) => (FailureKind::Build, format!("the images cannot be built: {}", last_message(&ran.lines))),
        };
        let mut failure = Failure::new(kind, what, "`docker compose build` shows the whole log");
        failure.log = ran.lines;
        Err(failure)
    }

    /// What the services run whose images have a shell, and the names of the others.
    pub(super) fn delayable_words(&self, isolated: &IsolatedProject) -> Result<DelayableWords, Failure> {
        let (mut words, mut without_shell) = (BTreeMap::new(), Vec::new());
        let mut shells: BTreeMap<&str, bool> = BTreeMap::new();
        for (service, image) in &isolated.images {
            let has_shell = match shells.get(image.name.as_str()) {
                Some(known) => *known,
                None => self.has_shell(&image.name)?,
            };
            shells.insert(&image.name, has_shell);
            if !has_shell {
                without_shell.push(service.clone());
                continue;
            }
            let config = self.engine.config(&image.name)?;
            let mut program = service_words(&isolated.model, service);
            program.image_entrypoint = config.entrypoint.unwrap_or_default();
            program.image_command = config.cmd.unwrap_or_default();
            words.insert(service.clone(), program.words());
        }
        words.retain(|_, words| !words.is_empty());
        Ok((words, without_shell))
    }

    pub(in crate::measure) fn has_shell(&self, image: &str) -> Result<bool, Failure> {
        let spec = Spec {
            image: image.to_owned(),
            entrypoint: Some(vec![SHELL.to_owned()]),
            labels: self.labels(),
            ..Spec::default()
        };
        let id = self.engine.create(&spec)?;
        let shell = self.engine.archive(&id, SHELL);
        self.engine.remove(&id)?;
        match shell {
            Ok(_) => Ok(true),
            Err(error) if error.kind == FailureKind::Missing => Ok(false),
            Err(error) => Err(error),
        }
    }
}
