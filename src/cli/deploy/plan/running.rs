//! What runs of a project on an engine.

use serde::Deserialize;

use crate::buildlog::timestamp;
use crate::engine::{Container, Engine, Health};
use crate::failure::Failure;
use crate::release::ServiceFacts;

/// Checks of a container that the engine keeps (moby, `daemon/health.go`).
const KEPT: usize = 5;

/// What runs of a project.
#[derive(Default)]
pub(super) struct RunningProject {
    /// The image in service: its name where that is the container's, else its ID; `None` where no container runs.
    pub(super) image: Option<String>,
    /// Whether the script replaces containers at this moment.
    pub(super) is_deploying: bool,
    /// Containers of other services that do not run well, in words.
    pub(super) unwell: Vec<String>,
}

/// What the engine says of a container.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContainerJson {
    image: String,
    state: StateJson,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct StateJson {
    running: bool,
    started_at: String,
    health: Option<HealthJson>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HealthJson {
    log: Option<Vec<CheckJson>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct CheckJson {
    end: String,
    exit_code: i64,
}

impl RunningProject {
    /// What runs of a project; what the engine still knows of the starts of services is added to them. `in_service`: the
    /// containers that get requests, as the script wrote them down.
    ///
    /// # Errors
    /// The engine fails.
    pub(super) fn read(
        engine: &Engine,
        project: &str,
        in_service: &[String],
        services: &mut [ServiceFacts],
    ) -> Result<Self, Failure> {
        let containers = engine.containers(Some(&format!("com.docker.compose.project={project}")))?;
        let lock = format!("{project}-deploy-lock");
        let is_lock = |container: &Container| has_name(container, &lock) && container.state == "running";
        let mut running = Self { is_deploying: engine.containers(None)?.iter().any(is_lock), ..Self::default() };
        for service in services.iter_mut() {
            let its = containers.iter().filter(|container| is_of_service(container, &service.name));
            // While the script works, containers of both versions run.
            let is_in_service = |container: &&Container| in_service.iter().any(|name| has_name(container, name));
            let Some(container) = its.clone().find(is_in_service).or_else(|| its.clone().next()) else { continue };
            let known: ContainerJson = serde_json::from_str(&engine.inspect(&container.id)?).unwrap_or_default();
            service.ready_seconds = ready_seconds(&known.state);
            if running.image.is_none() && known.state.running {
                let is_its = engine.find(&container.image, None)?.is_some_and(|image| image.id == known.image);
                running.image = Some(if is_its { container.image.clone() } else { known.image });
            }
        }
        let is_deployed = |name: &String| services.iter().any(|service| service.name == *name);
        for container in &containers {
            let Some(name) = container.labels.get("com.docker.compose.service").filter(|name| !is_deployed(name))
            else {
                continue;
            };
            if container.state == "restarting" {
                running.unwell.push(format!("{name} starts again and again"));
            } else if is_of_service(container, name)
                && matches!(engine.state(&container.id)?.health, Some(Health::Unhealthy(_)))
            {
                running.unwell.push(format!("{name} is unhealthy"));
            }
        }
        running.unwell.sort();
        running.unwell.dedup();
        Ok(running)
    }
}

/// The containers that get requests, in what the script wrote for a group (`# in service: NAMES`).
pub(super) fn containers_in_service(text: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("# in service: "));
    line.into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn has_name(container: &Container, name: &str) -> bool {
    container.names.iter().any(|known| known.trim_start_matches('/') == name)
}

/// Whether a container runs a service, and is not one of `docker compose run`.
fn is_of_service(container: &Container, service: &str) -> bool {
    container.labels.get("com.docker.compose.service").is_some_and(|name| name == service)
        && container.labels.get("com.docker.compose.oneoff").is_none_or(|value| value == "False")
        && container.state == "running"
}

/// From the start of a container to the end of its first check that passed, where the engine still has all checks.
fn ready_seconds(state: &StateJson) -> Option<f64> {
    let log = state.health.as_ref()?.log.as_ref()?;
    if log.len() >= KEPT {
        return None;
    }
    let passed = log.iter().find(|check| check.exit_code == 0)?;
    let took = timestamp(&passed.end)?.duration_since(timestamp(&state.started_at)?).as_secs_f64();
    (took > 0.0).then_some((took * 10.0).round() / 10.0)
}
