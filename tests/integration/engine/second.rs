//! A second engine, with the store of containerd, that `tests/engine/second` starts.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use super::{Engine, is_full, left_out};

/// A second engine. One in a folder of its own ends with its test.
pub(super) struct SecondEngine {
    pub(super) engine: Engine,
    first: Engine,
    folder: Option<&'static str>,
}

impl SecondEngine {
    /// Starts it with images of the first one, in a folder of its own where tests with the same one would disturb each
    /// other. Left out where `DOCKOPT_FULL` does not ask for it.
    pub(super) fn start(folder: Option<&'static str>, images: &[&str]) -> Option<Self> {
        let first = Engine::find()?;
        if !is_full() {
            left_out("DOCKOPT_FULL asks for it");
            return None;
        }
        let stdout = script(&first, folder, images);
        let host = stdout.trim().strip_prefix("DOCKER_HOST=").unwrap().to_owned();
        let engine = Engine { client: first.client.clone(), host: Some(host) };
        Some(Self { engine, first, folder })
    }

    /// Stops it as a reboot does, and starts it.
    pub(super) fn restart(&self) {
        script(&self.first, self.folder, &["restart"]);
    }

    /// What the first engine says of the container in whose network it lives.
    pub(super) fn inspect(&self, format: &str) -> String {
        let network = Path::new(self.folder.unwrap()).file_name().unwrap().to_str().unwrap();
        self.first.text(&["inspect", "--format", format, network])
    }

    /// The address under which its ports are reached.
    pub(super) fn address(&self) -> IpAddr {
        self.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}").parse().unwrap()
    }
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        if self.folder.is_some() {
            script(&self.first, self.folder, &["stop"]);
        }
    }
}

/// What the script prints; it has to succeed.
fn script(first: &Engine, folder: Option<&str>, arguments: &[&str]) -> String {
    let mut command = Command::new("tests/engine/second");
    command.args(arguments).env("DOCKER", &first.client);
    command.envs(folder.map(|folder| ("DOCKOPT_SECOND_ENGINE", folder)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
