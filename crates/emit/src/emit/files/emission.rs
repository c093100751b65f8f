//! What is written.

use crate::emit::plan::Choice;

/// A file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedFile {
    /// Its path below the folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What became of a service that another one waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyTranslation {
    /// The service that waits.
    pub service: String,
    /// The one that it waits for.
    pub target: String,
    /// What it waits for: `service_healthy`.
    pub condition: String,
    /// What is written for it; `nothing`.
    pub outcome: String,
    /// Why, a sentence without a full stop.
    pub reason: String,
}

/// A step with which the files are brought into service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmissionStep {
    /// What it does.
    pub title: String,
    /// The commands, in their order.
    pub commands: Vec<String>,
    /// What to know of it; empty where nothing is.
    pub remark: String,
}

/// What is written, and why.
#[derive(Clone, Debug, Default)]
pub struct Emission {
    /// The compose file first; those that hold what they should already are left out.
    pub files: Vec<EmittedFile>,
    /// The choices that were made.
    pub choices: Vec<Choice>,
    /// What was left out, and what is left to the user.
    pub notes: Vec<String>,
    /// What became of the dependencies of a project, for files of a cluster.
    pub dependencies: Vec<DependencyTranslation>,
    /// How the files are brought into service, and back out of it, for files of a cluster.
    pub steps: Vec<EmissionStep>,
    /// Why nothing is written, although something should be: Compose would refuse it.
    pub failure: Option<String>,
}

/// Whether a file of a deployment is one that `deploy emit` wrote.
pub fn is_written_by_deploy_emit(text: &str) -> bool {
    text.contains("Written by dockopt")
}
