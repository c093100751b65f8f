//! A script of the author, in a copy of the project's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::StepInput;
use super::containers::{containers_of, states_of};
use super::request::{AuthorScript, DeploymentRequest};
use super::target::{entries, paths};
use super::versions::{VERSION_LABEL, version_lines};
use crate::deployment::{DeploymentGroup, DeploymentProof, StepKind};
use crate::engine::Container;
use crate::failure::{Failure, FailureKind};
use crate::measure::leftover::{LABEL, PROJECT_LABEL};
use crate::measure::session::Session;
use crate::measure::startup::is_copied;

/// Folders that no deployment needs.
const LEFT_OUT: [&str; 5] = [".git", "node_modules", ".venv", "target", "__pycache__"];

impl Session {
    pub(super) fn prove_script(
        &self,
        request: &DeploymentRequest,
        script: &AuthorScript,
        say: &dyn Fn(&str),
    ) -> Result<DeploymentProof, Failure> {
        let folder = self.file("project");
        self.refuse_names_in_use(request, script)?;
        copy_folder(&request.folder, &folder)?;
        let dockerfiles = dockerfiles(request, &folder);
        let Some(service) = request.services.iter().find(|service| dockerfiles.contains_key(*service)) else {
            let what = "no service that is deployed is built here, so that there is no second version".to_owned();
            return Err(Failure::new(FailureKind::Setup, what, "`--script` needs a service with `build`"));
        };
        let names = built_names(&request.model);
        let images: Vec<(String, Option<String>)> = names
            .into_iter()
            .map(|name| Ok((name.clone(), self.engine.find(&name, None)?.map(|image| image.id))))
            .collect::<Result<_, Failure>>()?;
        let proof = self.try_script(request, script, service, &dockerfiles, &folder, say);
        // Builds of the copy took the names of the author's images.
        for (name, id) in images {
            match id {
                Some(id) => {
                    let (repository, tag) = name.rsplit_once(':').unwrap_or((&name, "latest"));
                    self.engine.tag(&id, repository, tag)?;
                }
                None => self.engine.remove_image(&name)?,
            }
        }
        proof
    }

    fn try_script(
        &self,
        request: &DeploymentRequest,
        script: &AuthorScript,
        service: &str,
        dockerfiles: &BTreeMap<String, (PathBuf, String)>,
        folder: &Path,
        say: &dyn Fn(&str),
    ) -> Result<DeploymentProof, Failure> {
        let mut proof = DeploymentProof::default();
        proof.notes.push(format!(
            "`{}` runs as it is, on this engine: what it does outside of its folder and its project is done",
            script.path.display()
        ));
        self.write_versions(dockerfiles, StepKind::Back)?;
        say("starting the copy");
        self.compose_in(folder, &["up", "--detach", "--build", "--quiet-pull"], request.limit)?;
        let group = DeploymentGroup {
            name: service.to_owned(),
            routed: vec![(service.to_owned(), 0, true)],
            callers: request.compose.proxies.keys().cloned().collect(),
        };
        say(&format!("looking for an address of `{service}`"));
        let find = || {
            let all = self.engine.containers(Some(&format!("{PROJECT_LABEL}={}", self.project_name())))?;
            Ok(entries(&states_of(&self.engine, &all), None))
        };
        let target = self.find_target(request, &find, &paths(request, &group), false)?;
        proof.address = target.url(&target.path);
        let services = vec![service.to_owned()];
        let list = || self.containers_of_script(&services);
        for kind in [StepKind::Next, StepKind::Unhealthy, StepKind::Back] {
            self.write_versions(dockerfiles, kind)?;
            say(&format!("`{}`: version {}", script.path.display(), kind.version()));
            let mut command = self.in_copy(script_command(&folder.join(&script.path)), folder);
            self.program.set_environment(&mut command);
            command.args(&script.arguments).env("DOCKOPT_VERSION", kind.version());
            if std::env::var_os("VERSION").is_none() {
                command.env("VERSION", kind.version());
            }
            let input = StepInput {
                service,
                kind,
                target: &target,
                list: &list,
                counts_packets: true,
                limit: request.limit,
                requests: request.requests_left(kind, &proof),
            };
            proof.steps.push(self.run_step(&input, command)?);
        }
        Ok(proof)
    }

    /// The containers of a service, by whatever command the script starts them.
    fn containers_of_script(&self, services: &[String]) -> Result<Vec<Container>, Failure> {
        let mut all = containers_of(&self.engine, &self.project_name(), services)?;
        let by_label = self.engine.containers(Some(&format!("{LABEL}={}", self.nonce())))?;
        for container in by_label {
            let service = container.labels.get("com.docker.compose.service");
            let is_other = service.is_some_and(|service| !services.contains(service));
            if !is_other && all.iter().all(|known| known.id != container.id) {
                all.push(container);
            }
        }
        Ok(all)
    }

    /// Sets the version that the next build makes: what is built carries it, and the run's label.
    fn write_versions(&self, dockerfiles: &BTreeMap<String, (PathBuf, String)>, kind: StepKind) -> Result<(), Failure> {
        for (path, text) in dockerfiles.values() {
            let mut lines = vec![format!("LABEL {LABEL}={} {VERSION_LABEL}={}", self.nonce(), kind.version())];
            lines.extend(version_lines(kind));
            let text = format!("{}\n{}\n", text.trim_end(), lines.join("\n"));
            fs::write(path, text).map_err(|error| Failure::io("writing", path, &error))?;
        }
        Ok(())
    }

    /// A script that names what runs on this engine would change it.
    fn refuse_names_in_use(&self, request: &DeploymentRequest, script: &AuthorScript) -> Result<(), Failure> {
        let path = request.folder.join(&script.path);
        let bytes = fs::read(&path).map_err(|error| Failure::io("reading", &path, &error))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let mut words: BTreeSet<&str> = text.split(|c| !is_of_name(c)).filter(|word| word.len() > 2).collect();
        let services = request.model["services"].as_object();
        let services = services.into_iter().flat_map(|services| services.values());
        words.extend(services.filter_map(|service| service["container_name"].as_str()));
        let in_use = |name: &str| {
            let what = format!("`{}` may change `{name}`, which is on this engine already", script.path.display());
            Failure::new(FailureKind::Setup, what, "run it on an engine of its own: `DOCKER_HOST`")
        };
        let containers = self.engine.containers(None)?;
        let (networks, volumes) = (self.engine.networks(None)?, self.engine.volumes(None)?);
        let labels = containers.iter().map(|container| &container.labels);
        let labels = labels.chain(networks.iter().map(|network| &network.labels));
        let labels = labels.chain(volumes.iter().map(|volume| &volume.labels));
        let projects = labels.filter_map(|labels| labels.get(PROJECT_LABEL)).map(String::as_str);
        let names = containers.iter().flat_map(|container| &container.names).map(|name| name.trim_start_matches('/'));
        if let Some(name) = names.chain(projects).find(|name| words.contains(name)) {
            return Err(in_use(name));
        }
        // Those with a name of the file's are the same in the copy.
        let shared = fixed_names(&request.model, "volumes");
        if let Some(volume) = volumes.iter().find(|volume| shared.contains(&volume.name)) {
            return Err(in_use(&volume.name));
        }
        Ok(())
    }
}

/// Names of networks or volumes that do not follow from the project's name.
fn fixed_names(model: &Value, section: &str) -> BTreeSet<String> {
    let project = model["name"].as_str().unwrap_or_default();
    let all = model[section].as_object().into_iter().flatten();
    all.filter_map(|(key, value)| text(&value["name"]).filter(|name| *name != format!("{project}_{key}"))).collect()
}

/// How a script is run: by itself where it may be, else by the shell of its first line.
fn script_command(path: &Path) -> Command {
    let text = fs::read(path).unwrap_or_default();
    let is_bash = text.split(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"bash"));
    let mut command = Command::new(if is_bash { "bash" } else { "sh" });
    command.arg(path);
    command
}

/// The Dockerfiles of the copy, by service, with their texts.
fn dockerfiles(request: &DeploymentRequest, folder: &Path) -> BTreeMap<String, (PathBuf, String)> {
    let mut dockerfiles = BTreeMap::new();
    let services = request.model["services"].as_object();
    for (name, service) in services.into_iter().flatten() {
        let Some(context) = text(&service["build"]["context"]) else { continue };
        let dockerfile = text(&service["build"]["dockerfile"]).unwrap_or_else(|| "Dockerfile".to_owned());
        let path = Path::new(&context).join(dockerfile);
        let Ok(below) = path.strip_prefix(&request.folder) else { continue };
        let path = folder.join(below);
        if let Ok(text) = fs::read_to_string(&path) {
            dockerfiles.insert(name.clone(), (path, text));
        }
    }
    dockerfiles
}

/// A text of the model, in which each `$` is doubled.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.replace("$$", "$"))
}

/// The names of images that the project builds.
fn built_names(model: &Value) -> BTreeSet<String> {
    let services = model["services"].as_object().into_iter().flat_map(|services| services.values());
    let built = services.filter(|service| service["build"].is_object());
    built.filter_map(|service| text(&service["image"])).collect()
}

/// Copies a folder with links and modes, but for what no deployment needs.
fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    if !is_copied(from, &LEFT_OUT) {
        let what = format!("`{}` is too large to be copied, or cannot be read", from.display());
        return Err(Failure::new(FailureKind::Setup, what, "run dockopt in the folder of the compose file"));
    }
    copy_entries(from, to)
}

fn copy_entries(from: &Path, to: &Path) -> Result<(), Failure> {
    let failure = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| Failure::io("copying", &path, &error)
    };
    fs::create_dir_all(to).map_err(failure(to))?;
    for entry in fs::read_dir(from).map_err(failure(from))? {
        let entry = entry.map_err(failure(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(failure(&source))?;
        if kind.is_dir() {
            if entry.file_name().to_str().is_none_or(|name| !LEFT_OUT.contains(&name)) {
                copy_entries(&source, &target)?;
            }
        } else if kind.is_symlink() {
            #[cfg(unix)]
            fs::read_link(&source)
                .and_then(|link| std::os::unix::fs::symlink(link, &target))
                .map_err(failure(&source))?;
        } else if kind.is_file() {
            fs::copy(&source, &target).map_err(failure(&source))?;
        }
    }
    Ok(())
}
