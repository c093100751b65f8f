//! What becomes of the containers of a project while a script replaces them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::load::seconds_since;
use super::versions::VERSION_LABEL;
use crate::deployment::ContainerChange;
use crate::engine::{Container, ContainerState, Engine};
use crate::failure::Failure;
use crate::measure::leftover::PROJECT_LABEL;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// What was seen of containers.
#[derive(Debug, Default)]
pub(super) struct ContainerHistory {
    pub(super) changes: Vec<ContainerChange>,
    /// The version at each address.
    pub(super) addresses: BTreeMap<String, String>,
    /// Packets that the containers of each version received from others.
    pub(super) packets: BTreeMap<String, u64>,
    /// By container: its name, its version, whether it runs, packets that it received.
    known: BTreeMap<String, KnownContainer>,
}

#[derive(Debug)]
struct KnownContainer {
    name: String,
    version: String,
    runs: bool,
    packets: Option<(u64, u64)>,
}

/// The containers of services of a project.
pub(super) fn containers_of(engine: &Engine, project: &str, services: &[String]) -> Result<Vec<Container>, Failure> {
    let mut containers = engine.containers(Some(&format!("{PROJECT_LABEL}={project}")))?;
    containers.retain(|container| {
        let label = |key: &str| container.labels.get(&format!("com.docker.compose.{key}"));
        label("oneoff").is_none_or(|value| value != "True")
            && label("service").is_some_and(|service| services.contains(service))
    });
    Ok(containers)
}

/// How containers are; those that are gone meanwhile are left out.
pub(super) fn states_of(engine: &Engine, containers: &[Container]) -> Vec<ContainerState> {
    containers.iter().filter_map(|container| engine.state(&container.id).ok()).collect()
}

/// The IDs of containers.
pub(super) fn ids(containers: &[Container]) -> BTreeSet<String> {
    containers.iter().map(|container| container.id.clone()).collect()
}

impl ContainerHistory {
    /// Looks at the containers until it is told to stop. `list` gives them.
    pub(super) fn watch(
        engine: &Engine,
        list: &dyn Fn() -> Result<Vec<Container>, Failure>,
        counts_packets: bool,
        start: Instant,
        stop: &AtomicBool,
    ) -> Self {
        let mut history = Self::default();
        let mut is_first = true;
        while !stop.load(Ordering::Relaxed) {
            // An engine that is busy is asked again.
            if let Ok(containers) = list() {
                history.look(engine, &containers, counts_packets, is_first, seconds_since(start));
                is_first = false;
            }
            std::thread::sleep(LOOK);
        }
        for known in history.known.values() {
            let (before, after) = known.packets.unwrap_or_default();
            *history.packets.entry(known.version.clone()).or_default() += after - before;
        }
        history
    }

    fn look(&mut self, engine: &Engine, containers: &[Container], counts_packets: bool, is_first: bool, seconds: f64) {
        for container in containers {
            let runs = container.state == "running";
            let name = container.names.first().map_or(container.id.as_str(), |name| name.trim_start_matches('/'));
            let version = container.labels.get(VERSION_LABEL).map_or("1", String::as_str);
            let known = self.known.entry(container.id.clone()).or_insert_with(|| KnownContainer {
                name: name.to_owned(),
                version: version.to_owned(),
                runs: is_first && runs,
                packets: None,
            });
            if known.runs != runs {
                known.runs = runs;
                let what = if runs { "started" } else { "stopped" };
                self.changes.push(known.change(what, seconds));
            }
            if runs && let Ok(state) = engine.state(&container.id) {
                let addresses = state.addresses.into_values().filter(|address| !address.is_empty());
                self.addresses.extend(addresses.map(|address| (address, version.to_owned())));
            }
            if counts_packets
                && runs
                && let Ok(count) = engine.received_packets(&container.id)
            {
                // Those that came before the first look at one that was there are of an earlier time.
                let first = known.packets.map_or(if is_first { count } else { 0 }, |(first, _)| first);
                known.packets = Some((first, count.max(first)));
            }
        }
        let ids: BTreeSet<&str> = containers.iter().map(|container| container.id.as_str()).collect();
        for (id, known) in &mut self.known {
            if known.runs && !ids.contains(id.as_str()) {
                known.runs = false;
                self.changes.push(known.change("stopped", seconds));
            }
        }
    }
}

impl KnownContainer {
    fn change(&self, what: &'static str, seconds: f64) -> ContainerChange {
        ContainerChange { seconds, container: self.name.clone(), version: self.version.clone(), what }
    }
}
