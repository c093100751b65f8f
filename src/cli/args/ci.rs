//! `dockopt ci`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::fix::{FixArgs, FixMode};
use super::options::{Build, Choice, Config, Exclude, Known, Threshold};
use crate::load::{ComposeOptions, ExternalLinter};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CiCommand {
    /// Check how pipelines build, start and push images: GitHub workflows, GitLab files, justfiles and scripts
    Check(CiCheck),
    /// Fix findings in pipelines; shows a diff by default
    Fix(CiFix),
    /// Write a pipeline: tests, images that are started before they get a tag, versions, a deployment; shows a diff by default
    #[command(
        after_help = "A file that is there is written again only if nobody changed it.\n\nExit codes:\n  0: the files are written or shown\n  \
                      1: with --check a file would be written\n  2: an error, such as a pipeline that was not written by dockopt"
    )]
    Emit(CiEmit),
}

/// A linter of workflows that dockopt runs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum LinterArgument {
    /// Security of workflows
    Zizmor,
    /// Syntax and expressions of workflows
    Actionlint,
}

impl From<LinterArgument> for ExternalLinter {
    fn from(argument: LinterArgument) -> Self {
        match argument {
            LinterArgument::Zizmor => Self::Zizmor,
            LinterArgument::Actionlint => Self::Actionlint,
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CiCheck {
    /// Folders to search for pipelines, or files of one repository
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Also report what these linters find; they run wherever they are installed, this names those that are needed
    #[arg(long, value_enum, value_name = "LINTER", value_delimiter = ',')]
    pub with: Vec<LinterArgument>,
    /// Times of earlier runs, as GitHub's API lists them (`gh api repos/OWNER/NAME/actions/runs/ID/jobs`)
    #[arg(long, value_name = "FILE")]
    pub runs: Option<PathBuf>,
    /// Image that was built from one of the Dockerfiles, for rules about sizes; `auto` finds them in the engine
    /// (repeatable)
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<String>,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
    #[command(flatten)]
    pub threshold: Threshold,
    #[command(flatten)]
    pub known: Known,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CiFix {
    /// Folders to search for pipelines, or files of one repository
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mode: FixMode,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
}

/// The system that a pipeline is written for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum PipelineArgument {
    /// Workflows of GitHub
    Github,
    /// A .gitlab-ci.yml
    Gitlab,
}

/// What deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DeployArgument {
    /// The script that `deploy emit --for haproxy` writes, called by ssh
    Script,
    /// The same script, on runners that live on the hosts
    Runner,
    /// Nothing
    None,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CiEmit {
    /// The system
    #[arg(value_enum, value_name = "SYSTEM")]
    pub system: PipelineArgument,
    /// The top folder of the repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Command that runs all tests, such as `just test` [default: those of the manifests, a job for each project]
    #[arg(long, value_name = "COMMAND", value_parser = one_line)]
    pub test: Option<String>,
    /// Platforms of the images
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',', default_value = "linux/amd64", value_parser = platform)]
    pub platforms: Vec<String>,
    #[command(flatten)]
    pub exclude: Exclude,
    /// What deploys [default: script, if `deploy emit` wrote one, else none]
    #[arg(long, value_enum, value_name = "WAY")]
    pub deploy: Option<DeployArgument>,
    /// Times of earlier runs, for limits of three times what jobs take (`gh api repos/OWNER/NAME/actions/runs/ID/jobs`)
    #[arg(long, value_name = "FILE")]
    pub runs: Option<PathBuf>,
    /// Write the files
    #[arg(short, long)]
    pub write: bool,
    /// Exit with 1 if a file would be written
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Print why each part is there, instead of the diff
    #[arg(long)]
    pub explain: bool,
}

fn one_line(text: &str) -> Result<String, String> {
    let is_command = !text.trim().is_empty() && !text.chars().any(char::is_control) && !text.contains("${{");
    if is_command { Ok(text.trim().to_owned()) } else { Err("write one line, without expressions".to_owned()) }
}

fn platform(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let is_plain = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    if parts.first() == Some(&"linux") && matches!(parts.len(), 2 | 3) && parts.iter().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("write linux/ARCHITECTURE, such as linux/arm64".to_owned())
    }
}

impl CiFix {
    /// The same as arguments of `fix`.
    pub(in crate::cli) fn into_fix(self) -> FixArgs {
        FixArgs {
            paths: self.paths,
            stdin_filename: None,
            compose: ComposeOptions::default(),
            mode: self.mode,
            build: Build::default(),
            choice: self.choice,
            config: self.config,
            exclude: self.exclude,
        }
    }
}
