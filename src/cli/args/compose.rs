//! `dockopt compose`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::fix::{FixArgs, FixMode};
use super::options::{Build, Choice, Config, Known, Threshold};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ComposeCommand {
    /// Check compose files: health checks, start order, what `up` would fail on
    Check(ComposeCheck),
    /// Fix findings in compose files; shows a diff by default
    Fix(ComposeFix),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeCheck {
    /// Compose files, or folders in which they are searched
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub threshold: Threshold,
    #[command(flatten)]
    pub known: Known,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeFix {
    /// Compose files, or folders in which they are searched
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mode: FixMode,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
}

impl ComposeFix {
    /// The same as arguments of `fix`.
    pub(in crate::cli) fn into_fix(self) -> FixArgs {
        FixArgs {
            paths: self.paths,
            mode: self.mode,
            build: Build::default(),
            choice: self.choice,
            config: self.config,
        }
    }
}
