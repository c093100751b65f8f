//! What a pipeline is written from.

use std::collections::BTreeSet;

use crate::inputs::{ComposeInput, Inputs, RunTimes};
use crate::manifest::Project;

/// The system that a pipeline is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineSystem {
    /// Workflows of GitHub.
    Github,
    /// A `.gitlab-ci.yml`.
    Gitlab,
}

/// Where the script of a deployment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentRunner {
    /// On the host, which a hosted runner calls by ssh.
    Ssh,
    /// On a runner that lives on the host.
    Host,
}

/// The script that `deploy emit` wrote.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentScript<'i> {
    /// Its path from the top of the repository.
    pub path: &'i str,
    /// Its text.
    pub text: &'i str,
    /// Where it runs.
    pub runner: DeploymentRunner,
}

/// What a pipeline is written from.
#[derive(Clone, Copy)]
pub struct PipelineInput<'i> {
    /// The Dockerfiles, compose files and pipelines of the repository.
    pub inputs: &'i Inputs,
    /// Its top, as the user typed it.
    pub root: &'i str,
    /// The same, absolute.
    pub folder: &'i str,
    /// The compose file that Compose finds there by itself, where there is one.
    pub compose: Option<&'i ComposeInput>,
    /// Paths of its files from its top.
    pub files: &'i BTreeSet<String>,
    /// The text of a file by its path from the top; nothing where it is not there.
    pub text_of: &'i dyn Fn(&str) -> Option<String>,
    /// The bytes of a file by its path from the top; nothing where it is not there.
    pub bytes_of: &'i dyn Fn(&str) -> Option<Vec<u8>>,
    /// The projects of the repository.
    pub projects: &'i [Project],
    /// Whether the user wants a path left out, as seen from the top.
    pub is_excluded: &'i dyn Fn(&str) -> bool,
    /// The branch that is released.
    pub branch: &'i str,
    /// The system.
    pub system: PipelineSystem,
    /// The command that tests, where it is not to be worked out.
    pub test: Option<&'i str>,
    /// The platforms of the images, as Docker writes them; at least one.
    pub platforms: &'i [String],
    /// The script that deploys; nothing where no job is to deploy.
    pub deployment: Option<DeploymentScript<'i>>,
    /// Whether the repository has the report of `dockopt init`, whose file is that of [`PipelineSystem::report_file`].
    pub has_report: bool,
    /// What earlier runs took.
    pub run_times: Option<&'i RunTimes>,
}
