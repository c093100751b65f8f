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
