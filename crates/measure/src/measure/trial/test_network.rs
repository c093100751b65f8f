//! A network, companions and one container on it; removed together.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::engine::{ContainerState, Exec, Spec};
use crate::failure::{Failure, FailureKind};
use crate::measure::session::Session;
use crate::proof::{Probe, QuestionsFrom};

/// For a port to accept.
const CONNECT: Duration = Duration::from_secs(2);

/// For a companion to open a port.
const COMPANION: Duration = Duration::from_mins(1);

/// A container beside the one that is looked at: a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceContainer {
    /// The name that it is reached by.
    pub name: String,
    /// Its image.
    pub image: String,
    /// `KEY=value`.
    pub environment: Vec<String>,
}

/// A network with what is on it.
#[derive(Debug)]
pub(super) struct TrialNetwork<'s> {
    session: &'s Session,
    network: String,
    companions: Vec<String>,
    id: Option<String>,
}

impl<'s> TrialNetwork<'s> {
    /// Makes the network and starts the companions.
    pub(super) fn open(session: &'s Session, wanted: &TrialRequest) -> Result<Self, Failure> {
        let name = format!("dockopt-{}", session.series());
        let network = session.engine.create_network(&name, &session.labels(), true)?;
        let mut stand = Self { session, network, companions: Vec::new(), id: None };
        for companion in &wanted.services {
            if session.engine.find(&companion.image, None)?.is_none() {
                let what = format!("the engine has no image `{}` for --service {}", companion.image, companion.name);
                return Err(Failure::new(FailureKind::Setup, what, format!("`docker pull {}`", companion.image)));
            }
            let mut spec = stand.spec(&companion.image, &companion.environment);
            spec.aliases = vec![companion.name.clone()];
            let id = session.engine.create(&spec)?;
            stand.companions.push(id.clone());
            session.engine.start(&id)?;
        }
        for (index, companion) in wanted.services.iter().enumerate() {
            stand.wait(index, companion)?;
        }
        Ok(stand)
    }

    fn spec(&self, image: &str, environment: &[String]) -> Spec {
        Spec {
            image: image.to_owned(),
            environment: environment.to_vec(),
            labels: self.session.labels(),
            network: Some(self.network.clone()),
            // Health is asked for by hand: a check of the engine's comes after half a minute.
            no_healthcheck: true,
            ..Spec::default()
        }
    }

    /// Waits until a companion listens; one that never does may be no server.
    fn wait(&self, index: usize, companion: &ServiceContainer) -> Result<(), Failure> {
        let (engine, start) = (&self.session.engine, Instant::now());
        let config = engine.config(&companion.image)?;
        let exposed: Vec<u16> =
            config.exposed_ports.iter().filter_map(|port| port.split('/').next()?.parse().ok()).collect();
        let mut seen = 0;
        while start.elapsed() < COMPANION && !exposed.is_empty() {
            if self.session.is_stopped() {
                return Err(Failure::interrupted());
            }
            let state = engine.state(&self.companions[index])?;
            if let Some(code) = state.exit_code {
                let log = engine.logs(&self.companions[index], WORDS)?.text();
                let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
                let what = format!("--service {} exited with {code}: {last}", companion.name);
                return Err(Failure::new(
                    FailureKind::Setup,
                    what,
                    "set what it needs: --service NAME=IMAGE,KEY=value",
                ));
            }
            // Databases open their port once for their own setup, and again to stay.
            seen = if address(&state).is_some_and(|ip| exposed.iter().any(|port| connects(ip, *port))) {
                seen + 1
            } else {
                0
            };
            if seen == 8 {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Starts the container as its image says; why it can't be started.
    pub(super) fn start(&mut self, image: &str, wanted: &TrialRequest) -> Result<(), String> {
        let mut spec = self.spec(image, &wanted.environment);
        spec.entrypoint.clone_from(&wanted.entrypoint);
        spec.command.clone_from(&wanted.command);
        spec.working_directory.clone_from(&wanted.workdir);
        self.begin(&spec)
    }

    /// Starts the container with other words.
    pub(super) fn start_with(&mut self, image: &str, wanted: &TrialRequest, words: &[String]) -> Result<(), String> {
        let mut spec = self.spec(image, &wanted.environment);
        spec.entrypoint = Some(words.iter().take(1).cloned().collect());
        spec.command = Some(words.iter().skip(1).cloned().collect());
        self.begin(&spec)
    }

    fn begin(&mut self, spec: &Spec) -> Result<(), String> {
        let engine = &self.session.engine;
        let id = engine.create(spec).map_err(|error| error.what)?;
        self.id = Some(id.clone());
        engine.start(&id).map_err(|error| error.what)
    }

    /// The container.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The container's address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.session.engine.state(self.id()?).ok().and_then(|state| address(&state))
    }

    /// Ports that the container listens on and others reach, ascending.
    pub(super) fn listening(&self, state: &ContainerState, exposed: &[u16]) -> Vec<u16> {
        let (Some(id), Some(ip)) = (self.id(), address(state)) else { return Vec::new() };
        let exec = Exec { limit: Duration::from_secs(10), ..Exec::new(["cat", "/proc/net/tcp", "/proc/net/tcp6"]) };
        let open_ports =
            self.session.engine.exec(id, &exec).ok().map(|ended| ports(&ended.spoken.text())).unwrap_or_default();
        let mut all: Vec<u16> = if open_ports.is_empty() { exposed.to_vec() } else { open_ports };
        all.sort_unstable();
        all.dedup();
        all.retain(|port| connects(ip, *port));
        all
    }
}

impl Drop for TrialNetwork<'_> {
    fn drop(&mut self) {
        let engine = &self.session.engine;
        // What could not be removed goes with the session, which says so.
        for id in self.id.iter().chain(&self.companions) {
            let _ = engine.remove(id);
        }
        let _ = engine.remove_network(&self.network);
    }
}

fn address(state: &ContainerState) -> Option<IpAddr> {
    state.addresses.values().find_map(|address| address.parse().ok())
}

fn connects(ip: IpAddr, port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::new(ip, port), CONNECT).is_ok()
}

/// Ports of `/proc/net/tcp` that are listened on, those of the loopback address left out.
fn ports(table: &str) -> Vec<u16> {
    let port = |line: &str| {
        let mut words = line.split_whitespace();
        let (address, port) = words.nth(1)?.split_once(':')?;
        let state = words.nth(1)?;
        let loopback = address.len() == 8 && address.ends_with("7F") || address == "00000000000000000000000001000000";
        (state == "0A" && !loopback).then(|| u16::from_str_radix(port, 16).ok())?
    };
    table.lines().filter_map(port).collect()
}

/// Between two looks at a container.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// Bytes of a container's words that are kept.
pub(super) const WORDS: usize = 256 << 10;

/// What is asked of both sides.
#[derive(Clone, Debug)]
pub struct TrialRequest {
    /// Named questions; where there are none, paths are guessed.
    pub probes: Vec<Probe>,
    /// Paths that are asked for where no question is named.
    pub paths: Vec<String>,
    /// Containers beside it: what they are called, and their images.
    pub services: Vec<ServiceContainer>,
    /// `KEY=value`.
    pub environment: Vec<String>,
    /// Commands of the user's own tests, for a shell in a container of their own.
    pub runs: Vec<String>,
    /// For a container to open its ports.
    pub limit: Duration,
    /// Whether a port is waited for, also where no EXPOSE tells: its command starts a server, or a source opens a port.
    pub serves: bool,
    /// Whether its command starts a server that is known: without an open port it does not work.
    pub starts_server: bool,
    /// Names of variables that the sources and what runs the image speak of.
    pub variables: BTreeSet<String>,
    /// In place of the image's `ENTRYPOINT`.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the image's `CMD`.
    pub command: Option<Vec<String>>,
    /// In place of the image's `WORKDIR`.
    pub workdir: Option<String>,
}

impl TrialRequest {
    /// Where its questions come from. A route in a source, or a server that is known, speaks HTTP.
    pub(in crate::measure) fn questions_from(&self) -> QuestionsFrom {
        match () {
            () if !self.probes.is_empty() => QuestionsFrom::Named,
            () if self.starts_server || self.paths.len() > 1 => QuestionsFrom::Guessed,
            () => QuestionsFrom::Tried,
        }
    }
}

impl Default for TrialRequest {
    fn default() -> Self {
        let limit = Duration::from_mins(1);
        Self {
            probes: Vec::new(),
            paths: vec!["/".to_owned()],
            services: Vec::new(),
            environment: Vec::new(),
            runs: Vec::new(),
            limit,
            serves: false,
            starts_server: false,
            variables: BTreeSet::new(),
            entrypoint: None,
            command: None,
            workdir: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_others_reach_are_told() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
            0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000\n\
            1: 0B00007F:87C5 00000000:0000 0A 00000000:00000000 00:00000000\n\
            2: 020012AC:1F40 010012AC:E3D0 06 00000000:00000000 03:00001764\n\
            0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 0\n";
        assert_eq!(ports(table), [8000, 3000]);
    }
}
