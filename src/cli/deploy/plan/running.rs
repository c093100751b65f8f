//! What runs of a project on an engine.

use serde::Deserialize;

use crate::buildlog::timestamp;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::release::ServiceFacts;

/// Checks of a container that the engine keeps (moby, `daemon/health.go`).
const KEPT: usize = 5;

/// A service that runs.
pub(super) struct RunningService {
    /// The image of its container: its name where that is the container's, else its ID.
    pub(super) image: String,
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

impl RunningService {
    /// The container of the first service that runs; what the engine still knows of the starts of all is added to them.
    ///
    /// # Errors
    /// The engine fails.
    pub(super) fn read(engine: &Engine, project: &str, services: &mut [ServiceFacts]) -> Result<Option<Self>, Failure> {
        let containers = engine.containers(Some(&format!("com.docker.compose.project={project}")))?;
        let mut running = None;
        for service in services {
            let is_its = |container: &&crate::engine::Container| {
                container.labels.get("com.docker.compose.service") == Some(&service.name)
                    && container.labels.get("com.docker.compose.oneoff").is_none_or(|value| value == "False")
                    && container.state == "running"
            };
            let Some(container) = containers.iter().find(is_its) else { continue };
            let text = engine.inspect(&container.id)?;
            let known: ContainerJson = serde_json::from_str(&text).unwrap_or_default();
            service.ready_seconds = ready_seconds(&known.state);
            if running.is_none() && known.state.running {
                let has_name = engine.find(&container.image, None)?.is_some_and(|image| image.id == known.image);
                running = Some(Self { image: if has_name { container.image.clone() } else { known.image } });
            }
        }
        Ok(running)
    }
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
