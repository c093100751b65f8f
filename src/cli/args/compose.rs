//! `dockopt compose`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::fix::{FixArgs, FixMode};
use super::options::{Build, Choice, Config, Known, Threshold};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ComposeCommand {
    /// Check compose files: health checks, start order, what `up` would fail on
    Check(ComposeCheck),
    /// Fix findings in compose files; shows a diff by default
    Fix(ComposeFix),
    /// Show in which order services start, and how long it takes at most until all are ready
    Graph(ComposeGraph),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeGraph {
    /// Compose files, or folders in which they are searched
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// How the graph is drawn
    #[arg(long, value_enum, default_value_t = GraphStyleArgument::Levels, value_name = "STYLE")]
    pub style: GraphStyleArgument,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum GraphStyleArgument {
    /// Levels, one below the other
    Levels,
    /// A flowchart for Mermaid
    Mermaid,
    /// A graph for Graphviz
    Dot,
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
