//! The program that users build with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::child::{self, End};
use crate::failure::{Failure, FailureKind};

/// For `docker buildx version`.
const PATIENCE: Duration = Duration::from_secs(30);

/// A plugin of docker that a run cannot do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DockerPlugin {
    /// It builds.
    #[default]
    Buildx,
    /// It starts compose projects.
    Compose,
}

impl DockerPlugin {
    /// Its command, what it is needed for, and its packages.
    const fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Buildx => {
                ("buildx", "builds", "docker-ce-cli and docker-buildx-plugin, or docker-cli and docker-buildx")
            }
            Self::Compose => (
                "compose",
                "compose projects",
                "docker-ce-cli and docker-compose-plugin, or docker-cli and docker-compose",
            ),
        }
    }
}

/// `docker` with a plugin.
#[derive(Clone, Debug)]
pub(super) struct DockerProgram {
    path: PathBuf,
    /// The engine, where the program would choose another one than we do.
    host: Option<String>,
}

impl DockerProgram {
    /// Takes the program that is named, else `$DOCKER`, else `docker`, and sees whether it has the plugin.
    pub(super) fn find(named: Option<&Path>, endpoint: &str, plugin: DockerPlugin) -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let path = named.map(Path::to_owned).or_else(|| variable("DOCKER").map(PathBuf::from));
        let path = path.unwrap_or_else(|| PathBuf::from("docker"));
        let chosen = variable("DOCKER_HOST").is_some() || variable("DOCKER_CONTEXT").is_some();
        let usual = "unix:///var/run/docker.sock";
        let is_unusual = !chosen
            && endpoint.starts_with("unix:")
            && endpoint != usual
            && !Path::new("/var/run/docker.sock").exists();
        let program = Self { path, host: is_unusual.then(|| endpoint.to_owned()) };
        program.check(plugin)?;
        Ok(program)
    }

    /// A command of it; what it says is for programs.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        self.set_host(&mut command);
        command.env("BUILDX_METADATA_PROVENANCE", "max").env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
        command.env("DOCKER_CLI_HINTS", "false").env("NO_COLOR", "1");
        command
    }

    /// Lets a script that calls `docker` find this program and its engine.
    pub(super) fn set_environment(&self, script: &mut Command) {
        self.set_host(script);
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if self.name() == "docker"
            && let Some(folder) = folder
        {
            let paths = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&paths));
            // A path that cannot be joined has a colon, and is found by nobody.
            if let Ok(joined) = std::env::join_paths(all) {
                script.env("PATH", joined);
            }
        }
    }

    fn set_host(&self, command: &mut Command) {
        command.envs(self.host.iter().map(|host| ("DOCKER_HOST", host)));
    }

    /// As people type it.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    fn check(&self, plugin: DockerPlugin) -> Result<(), Failure> {
        let shown = self.path.display();
        let (name, purpose, packages) = plugin.facts();
        let ran = child::run(self.command().args([name, "version"]), PATIENCE, &|| false, |_| {});
        let help = format!("install it (packages {packages}), or set its path with the variable DOCKER");
        match ran.map(|ran| ran.end) {
            Ok(End::Ended(status)) if status.success() => Ok(()),
            Ok(End::Ended(_)) => {
                let what = format!("`{shown}` has no {name}, which is needed for {purpose}");
                Err(Failure::new(FailureKind::Setup, what, help))
            }
            Ok(_) => Err(Failure::new(
                FailureKind::Setup,
                format!("`{shown} {name} version` did not finish"),
                "run it by hand; it must not ask questions",
            )),
            Err(error) => {
                let what = format!("`{shown}`, which is needed for {purpose}, cannot be started: {error}");
                Err(Failure::new(FailureKind::Setup, what, help))
            }
        }
    }
}
