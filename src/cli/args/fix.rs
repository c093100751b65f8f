//! `dockopt fix`.

use std::path::PathBuf;

use clap::Args;

use super::options::{Build, Choice, Config, Exclude};
use crate::load::ComposeOptions;

/// What becomes of fixes.
#[derive(Clone, Copy, Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Flags as users type them.
pub(in crate::cli) struct FixMode {
    /// Show the changes as a diff without writing them (the default)
    #[arg(long, conflicts_with = "write")]
    pub diff: bool,
    /// Write the changes to the files
    #[arg(long)]
    pub write: bool,
    /// Write nothing and show no diff; exit with 1 if anything would change
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Include fixes that may change how the application works
    #[arg(long)]
    pub r#unsafe: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FixArgs {
    /// Folders, Dockerfiles or compose files; `-` reads standard input and prints the fixed text
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// File name of standard input in messages; .dockerignore and settings are read from its folder
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    /// The compose project that is asked for by `compose fix`.
    #[arg(skip)]
    pub compose: ComposeOptions,
    #[command(flatten)]
    pub mode: FixMode,
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
}
