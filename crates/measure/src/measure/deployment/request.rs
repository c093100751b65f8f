//! What is tried.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::deployment::{DeploymentProof, DeploymentStrategy, StepKind};
use crate::inputs::ComposeInput;

/// A deployment to try.
#[derive(Clone, Debug)]
pub struct DeploymentRequest {
    /// The project as `docker compose config` prints it.
    pub model: Value,
    /// The compose file with what is known of its services.
    pub compose: ComposeInput,
    /// The project's folder.
    pub folder: PathBuf,
    /// The services whose containers are replaced.
    pub services: Vec<String>,
    /// How requests move.
    pub strategy: DeploymentStrategy,
    /// The second version; the first with another label where `None`.
    pub image: Option<String>,
    /// The author's script in place of the one that dockopt writes.
    pub script: Option<AuthorScript>,
    /// Paths to ask for; the service's own where there are none.
    pub paths: Vec<String>,
    /// The `Host` of requests.
    pub host: Option<String>,
    /// A path that takes seconds.
    pub slow_path: Option<String>,
    /// A path that opens a socket of the web.
    pub websocket_path: Option<String>,
    /// Requests at least.
    pub requests: u64,
    /// For a start, and for a run of the script.
    pub limit: Duration,
}

impl DeploymentRequest {
    /// Requests until which the clients go on in a step: the last one makes up for what the others were too quick for.
    pub(super) fn requests_left(&self, kind: StepKind, proof: &DeploymentProof) -> u64 {
        if kind == StepKind::Back { self.requests.saturating_sub(proof.totals().0) } else { 0 }
    }
}

/// A script of the author that deploys.
#[derive(Clone, Debug)]
pub struct AuthorScript {
    /// Its path as seen from the project's folder.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}
