//! Containers: made, started, looked at, ended, removed.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::api::Engine;
use super::connection::{Method, Timeout};
use super::image_stream::ImageArchive;
use super::images::escaped;
use super::output_frames::ProcessOutput;
use super::spec::Spec;
use crate::failure::{Failure, FailureKind};

/// Between two looks at a container that is waited for.
const LOOK: Duration = Duration::from_millis(100);

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerState {
    /// Whether it runs.
    pub running: bool,
    /// What it ended with; `None` while it runs and before it started.
    pub exit_code: Option<i64>,
    /// Whether it was ended for want of memory.
    pub out_of_memory: bool,
    /// Why it did not start; empty where it did.
    pub error: String,
    /// What its health check says; `None` where it has none.
    pub health: Option<Health>,
    /// Ports of 127.0.0.1 that lead to its TCP ports.
    pub ports: BTreeMap<u16, u16>,
    /// Its addresses by network.
    pub addresses: BTreeMap<String, String>,
}

/// What a health check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It has not said anything yet.
    Starting,
    /// All is well.
    Healthy,
    /// It is not; with what the last check said.
    Unhealthy(String),
}

/// What became of a path since the container was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was changed, or something below it.
    Changed,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

/// A path that a container changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// The absolute path.
    pub path: String,
    /// What became of it.
    pub kind: ChangeKind,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreatedContainer {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedContainer {
    state: InspectedState,
    network_settings: Networked,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedState {
    status: String,
    running: bool,
    exit_code: i64,
    #[serde(rename = "OOMKilled")]
    out_of_memory: bool,
    error: String,
    health: Option<HealthState>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HealthState {
    status: String,
    log: Option<Vec<CheckedOnce>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct CheckedOnce {
    output: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Networked {
    ports: Option<BTreeMap<String, Option<Vec<Binding>>>>,
    networks: Option<BTreeMap<String, Endpoint>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Binding {
    host_port: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Endpoint {
    #[serde(rename = "IPAddress")]
    address: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatistics {
    networks: BTreeMap<String, NetworkStatistics>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NetworkStatistics {
    rx_packets: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedProcesses {
    titles: Vec<String>,
    processes: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangedPath {
    path: String,
    kind: u8,
}

impl ContainerState {
    fn of(container: InspectedContainer) -> Self {
        let health = container.state.health.and_then(|health| match health.status.as_str() {
            "starting" => Some(Health::Starting),
            "healthy" => Some(Health::Healthy),
            "unhealthy" => {
                let last = health.log.unwrap_or_default().pop().unwrap_or_default();
                Some(Health::Unhealthy(last.output))
            }
            _ => None,
        });
        let port = |(inner, bound): (String, Option<Vec<Binding>>)| {
            let inner = inner.strip_suffix("/tcp")?.parse().ok()?;
            Some((inner, bound?.first()?.host_port.parse().ok()?))
        };
        let networks = container.network_settings.networks.unwrap_or_default();
        let has_ended = !container.state.running && ["exited", "dead"].contains(&container.state.status.as_str());
        Self {
            running: container.state.running,
            exit_code: has_ended.then_some(container.state.exit_code),
            out_of_memory: container.state.out_of_memory,
            error: container.state.error,
            health,
            ports: container.network_settings.ports.unwrap_or_default().into_iter().filter_map(port).collect(),
            addresses: networks.into_iter().map(|(name, endpoint)| (name, endpoint.address)).collect(),
        }
    }
}

impl Engine {
    fn container(&self, id: &str, rest: &str) -> String {
        self.path(&format!("/containers/{}{rest}", escaped(id)))
    }

    /// Makes a container and answers with its ID. It does not run yet.
    ///
    /// # Errors
    /// When the engine fails, has no such image, or does not take what is asked.
    pub fn create(&self, spec: &Spec) -> Result<String, Failure> {
        let name = spec.name.as_ref().map(|name| format!("?name={}", escaped(name))).unwrap_or_default();
        let path = self.path(&format!("/containers/create{name}"));
        let document = spec.document();
        let container: Result<CreatedContainer, Failure> =
            self.connection.value(&Method::Post(Some(&document)), &path, Timeout::Usual);
        Ok(container?.id)
    }

    /// Starts a container.
    ///
    /// # Errors
    /// When the engine fails: its command is not there, a port is taken.
    pub fn start(&self, id: &str) -> Result<(), Failure> {
        self.connection.ask(&Method::Post(None), &self.container(id, "/start"), Timeout::Usual).map(drop)
    }

    /// Asks a container to end, and ends it after so long.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn stop(&self, id: &str, patience: Duration) -> Result<(), Failure> {
        let path = self.container(id, &format!("/stop?t={}", patience.as_secs()));
        let limit = Timeout::Of(patience + Duration::from_mins(1));
        self.connection.ask(&Method::Post(None), &path, limit).map(drop)
    }

    /// Ends a container at once. One that has ended is no error.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn kill(&self, id: &str) -> Result<(), Failure> {
        match self.connection.ask(&Method::Post(None), &self.container(id, "/kill"), Timeout::Usual) {
            Err(error) if error.kind != FailureKind::Refused => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends a signal (`STOP`) to the first process of a container.
    ///
    /// # Errors
    /// When the engine fails, or the container does not run.
    pub fn signal(&self, id: &str, signal: &str) -> Result<(), Failure> {
        let path = self.container(id, &format!("/kill?signal={}", escaped(signal)));
        self.connection.ask(&Method::Post(None), &path, Timeout::Usual).map(drop)
    }

    /// The processes of a container, by their numbers on the engine's machine.
    ///
    /// # Errors
    /// When the engine fails, or the container does not run.
    pub fn processes(&self, id: &str) -> Result<Vec<i32>, Failure> {
        let listed: ListedProcesses = self.connection.json(&self.container(id, "/top"), Timeout::Usual)?;
        let column = listed.titles.iter().position(|title| title == "PID");
        let number = |row: &Vec<String>| row.get(column?)?.parse().ok().filter(|number| *number > 1);
        Ok(listed.processes.iter().filter_map(number).collect())
    }

    /// What `docker inspect` shows of a container, as JSON.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn inspect(&self, id: &str) -> Result<String, Failure> {
        let document: serde_json::Value = self.connection.json(&self.container(id, "/json"), Timeout::Usual)?;
        Ok(document.to_string())
    }

    /// The last lines that a container printed, at most so many bytes; of one with a terminal the engine sends no frames.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn last_lines(&self, id: &str, count: usize, has_terminal: bool, limit: usize) -> Result<String, Failure> {
        let path = self.container(id, &format!("/logs?stdout=true&stderr=true&tail={count}"));
        let response = self.connection.get(&path, Timeout::Usual)?;
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        if !has_terminal {
            let mut spoken = ProcessOutput::default();
            spoken.hear(body, limit).map_err(|error| self.connection.broken(&error, Timeout::Usual))?;
            return Ok(spoken.text());
        }
        let mut bytes = Vec::new();
        let read = body.take(limit as u64).read_to_end(&mut bytes);
        read.map_err(|error| self.connection.broken(&error, Timeout::Usual))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Removes a container with its anonymous volumes, running or not. One that is gone is no error.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn remove(&self, id: &str) -> Result<(), Failure> {
        let path = self.container(id, "?force=true&v=true");
        ignore_not_found(self.connection.ask(&Method::Delete, &path, Timeout::Usual).map(drop))
    }

    /// How a container is.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn state(&self, id: &str) -> Result<ContainerState, Failure> {
        let container: InspectedContainer = self.connection.json(&self.container(id, "/json"), Timeout::Usual)?;
        Ok(ContainerState::of(container))
    }

    /// Packets that a running container received through its networks.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn received_packets(&self, id: &str) -> Result<u64, Failure> {
        let path = self.container(id, "/stats?stream=false&one-shot=true");
        let statistics: ContainerStatistics = self.connection.json(&path, Timeout::Usual)?;
        Ok(statistics.networks.values().map(|network| network.rx_packets).sum())
    }

    /// Waits until a container has ended, or `stop` says that it is enough; `None` where it runs on after `limit`.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn wait(&self, id: &str, limit: Duration, stop: &dyn Fn() -> bool) -> Result<Option<i64>, Failure> {
        let start = Instant::now();
        loop {
            let state = self.state(id)?;
            if state.exit_code.is_some() || start.elapsed() >= limit || stop() {
                return Ok(state.exit_code);
            }
            thread::sleep(LOOK);
        }
    }

    /// What a container said so far, at most so many bytes of each stream.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn logs(&self, id: &str, limit: usize) -> Result<ProcessOutput, Failure> {
        let path = self.container(id, "/logs?stdout=true&stderr=true");
        let response = self.connection.get(&path, Timeout::Usual)?;
        let mut spoken = ProcessOutput::default();
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        spoken.hear(body, limit).map_err(|error| self.connection.broken(&error, Timeout::Usual))?;
        Ok(spoken)
    }

    /// What a container changed in its files (`docker diff`), in the engine's order.
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn changes(&self, id: &str) -> Result<Vec<PathChange>, Failure> {
        let changed: Option<Vec<ChangedPath>> =
            self.connection.json(&self.container(id, "/changes"), Timeout::Image)?;
        let kind = |kind| match kind {
            1 => ChangeKind::Added,
            2 => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
        let all = changed.unwrap_or_default().into_iter();
        Ok(all.map(|change| PathChange { path: change.path, kind: kind(change.kind) }).collect())
    }

    /// All files of a container, running or not, as one tar archive (`docker export`).
    ///
    /// # Errors
    /// When the engine fails or has no such container.
    pub fn export(&self, id: &str) -> Result<ImageArchive, Failure> {
        let response = self.connection.get(&self.container(id, "/export"), Timeout::Image)?;
        Ok(ImageArchive::new(Arc::clone(&self.connection), response.into_body()))
    }

    /// A path of a container, running or not, as a tar archive (`docker cp`).
    ///
    /// # Errors
    /// When the engine fails, or has no such container or path ([`FailureKind::Missing`]).
    pub fn archive(&self, id: &str, path: &str) -> Result<ImageArchive, Failure> {
        let rest = format!("/archive?path={}", escaped(path));
        let response = self.connection.get(&self.container(id, &rest), Timeout::Image)?;
        Ok(ImageArchive::new(Arc::clone(&self.connection), response.into_body()))
    }

    /// Unpacks a tar archive in a folder of a container.
    ///
    /// # Errors
    /// When the engine fails, or has no such container or folder.
    pub fn unpack(&self, id: &str, folder: &str, archive: &[u8]) -> Result<(), Failure> {
        let rest = format!("/archive?path={}", escaped(folder));
        self.connection.ask(&Method::Put(archive), &self.container(id, &rest), Timeout::Image).map(drop)
    }

    /// Joins a container to one more network under these names.
    ///
    /// # Errors
    /// When the engine fails or has no such container or network.
    pub fn join(&self, id: &str, network: &str, aliases: &[String]) -> Result<(), Failure> {
        let body = json!({"Container": id, "EndpointConfig": {"Aliases": aliases}});
        let path = self.path(&format!("/networks/{}/connect", escaped(network)));
        self.connection.ask(&Method::Post(Some(&body)), &path, Timeout::Usual).map(drop)
    }
}

/// What is gone already, is gone.
pub(super) fn ignore_not_found(done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(error) if error.kind == FailureKind::Missing => Ok(()),
        done => done,
    }
}
