//! Calls of `docker compose` for the copy of a project.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, FailureKind};
use crate::measure::child::{self, End};
use crate::measure::session::Session;

/// Lines of a program that are kept.
const LINES: usize = 20;

/// Variables of the user's shell that name another project.
pub(in crate::measure) const COMPOSE_VARIABLES: [&str; 4] =
    ["COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES"];

/// How `docker compose` is called.
pub(in crate::measure) struct ComposeCommand<'s> {
    session: &'s Session,
    /// The name of the copy.
    name: String,
    folder: String,
    env_files: Vec<String>,
}

impl<'s> ComposeCommand<'s> {
    pub(in crate::measure) fn new(session: &'s Session, folder: &str, env_files: &[String]) -> Self {
        let name = session.project_name();
        Self { session, name, folder: folder.to_owned(), env_files: env_files.to_vec() }
    }

    /// Writes a model where nobody else reads it.
    pub(super) fn write(&self, model: &Value) -> Result<PathBuf, Failure> {
        let path = self.session.file("json");
        let written = std::fs::write(&path, model.to_string());
        written.map_err(|error| Failure::io("writing", &path, &error))?;
        Ok(path)
    }

    /// A call with a model.
    pub(super) fn call(&self, model: &Path, arguments: &[&str]) -> Command {
        let mut command = self.session.program.command();
        for name in COMPOSE_VARIABLES {
            command.env_remove(name);
        }
        command.args(["compose", "--project-name", &self.name, "--project-directory", &self.folder]);
        for file in &self.env_files {
            command.args(["--env-file", file]);
        }
        command.arg("--file").arg(model).args(arguments);
        command
    }
}

/// What a program said, and how it ended.
pub(in crate::measure) struct SpokenRun {
    pub end: End,
    /// Its last lines.
    pub lines: Vec<String>,
}

impl Session {
    /// Runs a program and keeps its last lines.
    pub(in crate::measure) fn hear(
        &self,
        command: &mut Command,
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<SpokenRun, Failure> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let hear = move |line: &[u8]| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !line.is_empty() {
                kept.push(String::from_utf8_lossy(line).into_owned());
            }
            if kept.len() > LINES {
                kept.remove(0);
            }
        };
        let ran = child::run_with_output(command, limit, stop, hear);
        let ran = ran.map_err(|error| {
            let what = format!("`{}` cannot be started: {error}", self.program.name());
            Failure::new(FailureKind::Setup, what, "install it")
        })?;
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(SpokenRun { end: ran.end, lines: lines.iter().map(|line| self.mask(line)).collect() })
    }

    /// Runs `docker` to its end; `doing`: what it is for, as a message names it.
    pub(in crate::measure) fn docker(&self, arguments: &[&str], doing: &str) -> Result<(), Failure> {
        let mut command = self.program.command();
        let ran = self.hear(command.args(arguments), self.options.limit, &|| self.is_stopped())?;
        match ran.end {
            End::Ended(status) if status.success() => Ok(()),
            End::Interrupted => Err(Failure::interrupted()),
            End::Ended(_) | End::TimedOut => {
                let what = format!("{doing} failed: {}", last_message(&ran.lines));
                Err(Failure::new(FailureKind::Setup, what, "fix what the message names, then retry"))
            }
        }
    }
}

/// The line of a program that says why it failed.
pub(super) fn last_message(lines: &[String]) -> String {
    let line = lines.iter().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(|| "it gave no reason".to_owned(), |line| line.trim().to_owned())
}
