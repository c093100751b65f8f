//! What is known before a deployment. A fact that may be missing is an option, and the plan asks for it where it is: nothing
//! here is a guess.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::DeploymentPhase;

/// The schema of a document of facts.
pub const FACTS_SCHEMA: &str = "dockopt.deploy-facts/1";

/// What replaces the containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentTool {
    /// `HAProxy` in front of them, and the script of `deploy emit`.
    #[default]
    Haproxy,
    /// Swarm.
    Swarm,
}

/// What is known before a deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeploymentFacts {
    /// [`FACTS_SCHEMA`].
    pub schema: String,
    /// The day on which they were gathered: `2026-11-29`.
    pub date: String,
    /// When the deployment begins, as the user says; `None` where nobody does.
    #[serde(default)]
    pub begin: Option<String>,
    /// The name of the compose project; of the stack in Swarm.
    pub project: String,
    /// The compose files, as seen from the project's folder.
    pub files: Vec<String>,
    /// What replaces the containers.
    pub tool: DeploymentTool,
    /// `rolling`, `blue-green`, `canary`.
    pub strategy: String,
    /// The engine of the host, as it is reached; `None` where none answers.
    #[serde(default)]
    pub engine: Option<String>,
    /// Whether the script replaces containers of the project at this moment; `None` where no engine says it.
    #[serde(default)]
    pub is_deploying: Option<bool>,
    /// Containers of other services that do not run well, in words: `nats is unhealthy`.
    #[serde(default)]
    pub unwell: Vec<String>,
    /// The services that are deployed together, in the order of their start.
    pub services: Vec<ServiceFacts>,
    /// What speaks against a deployment without loss of other services of the project.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The files that `deploy emit` wrote.
    #[serde(default)]
    pub script: Option<ScriptFacts>,
    /// The image in service.
    #[serde(default)]
    pub from: Option<ImageFacts>,
    /// The new image.
    #[serde(default)]
    pub to: Option<ImageFacts>,
    /// What tells them apart.
    #[serde(default)]
    pub difference: Option<DifferenceFacts>,
    /// What the host lacks of the new image; `None` where no engine says it.
    #[serde(default)]
    pub pull: Option<PullFacts>,
    /// The commits between the two images.
    #[serde(default)]
    pub commits: Option<CommitFacts>,
    /// The migrations that the new image brings; `None` where it is not known which the old one has.
    #[serde(default)]
    pub migrations: Option<MigrationFacts>,
    /// The variables that the program reads; `None` where its source is not at hand.
    #[serde(default)]
    pub variables: Option<VariableFacts>,
    /// The pipelines of the repository.
    #[serde(default)]
    pub pipelines: Vec<String>,
    /// Deployments of these services that are on record, the oldest first.
    #[serde(default)]
    pub earlier: Vec<EarlierDeployment>,
    /// What the user says.
    #[serde(default)]
    pub answers: PlanAnswers,
}

/// Answers of the user to what no file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanAnswers {
    /// The command that backs up the database.
    pub backup: Option<String>,
    /// The command that tests a new container before it gets requests.
    pub smoke: Option<String>,
    /// The command that is told the result.
    pub notify: Option<String>,
    /// Where errors of users are seen, and for how long.
    pub monitor: Option<String>,
    /// Who approves.
    pub approver: Option<String>,
    /// Whether the pipeline passed for the new image, as the user says.
    pub has_passed: bool,
}

/// A service whose containers are replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// The service by whose name it is deployed: of those that run one image the first.
    #[serde(default)]
    pub group: String,
    /// How many containers it has.
    pub count: u64,
    /// The ports on which it gets requests; none for a worker.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Addresses on the host under which it is reached: `127.0.0.1:8080`.
    #[serde(default)]
    pub published: Vec<String>,
    /// Where it answers on the host, with who passes it on: `127.0.0.1:8080 (through web)`.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The path that its health check asks, where it is one of HTTP.
    #[serde(default)]
    pub check_path: Option<String>,
    /// The health check; `None` where it has none.
    #[serde(default)]
    pub check: Option<CheckFacts>,
    /// Seconds that the script gives a new container to become healthy.
    pub start_limit: u64,
    /// Seconds that running requests get to end.
    pub drain_limit: u64,
    /// Seconds from SIGTERM to SIGKILL.
    pub grace: f64,
    /// Bytes of memory that one container may take; `None` where no limit is written.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Seconds that the container in service took until it was healthy, as the engine says.
    #[serde(default)]
    pub ready_seconds: Option<f64>,
}

/// A health check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckFacts {
    /// Its command, for people; `None` where it is the image's.
    pub command: Option<String>,
    /// Seconds between two checks.
    pub interval: f64,
    /// Seconds that a check may take.
    pub timeout: f64,
    /// Failures until the container is unhealthy.
    pub retries: f64,
    /// Seconds in which failures do not count.
    pub start_period: f64,
    /// Seconds between two checks in that time.
    pub start_interval: f64,
    /// Whether it says nothing: its command always succeeds.
    #[serde(default)]
    pub passes_always: bool,
}

impl DeploymentFacts {
    /// Whether the new image is the one in service.
    pub(super) fn is_same_image(&self) -> bool {
        self.from.as_ref().zip(self.to.as_ref()).is_some_and(|(from, to)| !to.id.is_empty() && from.id == to.id)
    }
}

impl CheckFacts {
    /// Seconds until the first check: the engine waits before it asks (moby, `daemon/health.go`).
    pub fn first(&self) -> f64 {
        if self.start_period > 0.0 { self.start_interval.min(self.interval) } else { self.interval }
    }

    /// Seconds until a server that no longer answers is noticed, at most: each check runs until its time limit.
    pub fn notice(&self) -> f64 {
        self.retries * (self.interval + self.timeout)
    }
}

/// The files that `deploy emit` wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptFacts {
    /// The script, or the stack file, as seen from the project's folder.
    pub path: String,
    /// Whether all files are as `deploy emit` would write them now.
    pub is_current: bool,
}

/// An image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// The name that a command takes.
    pub reference: String,
    /// The archive that it is in, as the user named it; `None` where it is on an engine or in a registry.
    #[serde(default)]
    pub archive: Option<String>,
    /// The digest of its configuration.
    pub id: String,
    /// `linux/amd64`.
    pub platform: String,
    /// When it was made, as it says.
    #[serde(default)]
    pub created: Option<String>,
    /// Bytes on disk.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Where it was found.
    pub place: String,
    /// `org.opencontainers.image.revision`.
    #[serde(default)]
    pub revision: Option<String>,
    /// `org.opencontainers.image.version`.
    #[serde(default)]
    pub version: Option<String>,
    /// Bytes that are of no use; `None` where contents were not read.
    #[serde(default)]
    pub waste: Option<u64>,
    /// How many secrets lie in it; `None` where contents were not read.
    #[serde(default)]
    pub secrets: Option<usize>,
}

/// What tells two images apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceFacts {
    /// Bytes on disk, after without before; `None` where contents were not read.
    #[serde(default)]
    pub bytes: Option<i64>,
    /// The lowest layers that are the same.
    pub shared_layers: usize,
    /// All layers of the new image.
    pub layers: usize,
    /// Packages: `python fastapi 0.115.0 -> 0.116.1`.
    pub packages: Vec<String>,
    /// Settings of containers: `ENV LOG_LEVEL`, with what was and what is.
    pub settings: Vec<SettingChange>,
    /// Files that came, went or changed.
    pub files: usize,
}

/// A setting that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The instruction, with the name that it sets: `ENV LOG_LEVEL`.
    pub setting: String,
    /// What it was.
    #[serde(default)]
    pub before: Option<String>,
    /// What it is.
    #[serde(default)]
    pub after: Option<String>,
}

/// What the host lacks of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullFacts {
    /// Whether the host has the whole image.
    pub is_there: bool,
    /// Layers that it lacks.
    pub layers: usize,
    /// Their bytes, as they are stored.
    pub bytes: u64,
}

/// The commits between two images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitFacts {
    /// First lines of their messages, with the short hash, the newest first.
    pub commits: Vec<(String, String)>,
    /// Whether there are more.
    pub is_cut: bool,
    /// Whether the new image is older than the one in service.
    pub is_back: bool,
}

/// The migrations that a deployment runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationFacts {
    /// How it is known which are new: `the commit 1a2b3c4`, `the files of both images`.
    pub basis: String,
    /// Those that the image in service has not, in the order in which they run.
    pub new: Vec<NewMigration>,
    /// What runs them in the new image; `None` where nothing is known to.
    #[serde(default)]
    pub command: Option<String>,
    /// Whether the program runs them itself when it starts.
    #[serde(default)]
    pub runs_at_start: bool,
    /// Whether something in the project backs up a database.
    #[serde(default)]
    pub has_backup: bool,
}

impl MigrationFacts {
    /// That of the worst; `None` where the deployment runs none.
    pub fn effect(&self) -> Option<MigrationEffect> {
        self.new.iter().map(|migration| migration.effect).max()
    }
}

/// What a migration means for the program of before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MigrationEffect {
    /// It works on.
    Expand,
    /// It is not known.
    #[default]
    Unknown,
    /// It may fail.
    Contract,
}

/// A migration that the deployment runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMigration {
    /// Its file.
    pub path: String,
    /// What it means for the old program.
    pub effect: MigrationEffect,
    /// The steps that say so.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Steps that make others wait.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Whether it can be taken back: a downgrade is written.
    #[serde(default)]
    pub has_downgrade: bool,
}

/// The variables that a program reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableFacts {
    /// Names that the program needs and does not get.
    pub missing: Vec<String>,
    /// Names that it reads and the version in service did not; `None` where that one's source is not at hand.
    #[serde(default)]
    pub new: Option<Vec<String>>,
    /// Names that the version in service read and it does not.
    #[serde(default)]
    pub gone: Option<Vec<String>>,
}

/// A deployment of before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EarlierDeployment {
    /// When it ended.
    pub time: String,
    /// Whether it was one of a throw-away copy (`deploy verify`).
    #[serde(default)]
    pub is_copy: bool,
    /// The image before, as the script tags it.
    #[serde(default)]
    pub from: String,
    /// The image that came into service.
    #[serde(default)]
    pub to: String,
    /// Whether it went back to the version before.
    #[serde(default)]
    pub is_rollback: bool,
    /// How requests moved; `None` where the record does not say.
    #[serde(default)]
    pub strategy: Option<String>,
    /// Its exit code.
    pub exit: i64,
    /// Seconds of all of it.
    pub seconds: f64,
    /// Seconds of its parts.
    #[serde(default)]
    pub phases: BTreeMap<DeploymentPhase, f64>,
    /// Milliseconds of an answer at its end, as `HAProxy` counted.
    #[serde(default)]
    pub milliseconds: Option<f64>,
    /// Requests while it watched, and how many of them failed.
    #[serde(default)]
    pub requests: Option<(u64, u64)>,
}
