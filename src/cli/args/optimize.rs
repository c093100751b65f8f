//! What `dockopt optimize` takes.

mod proving;

pub(in crate::cli) use self::proving::Proving;

use std::path::PathBuf;

use clap::Args;

use super::measure::Builds;
use super::options::{Build, Config};
use crate::optimize::Level;

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Flags as users type them.
pub(in crate::cli) struct Optimize {
    /// Folder or Dockerfile
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show what would change, change nothing (the default)
    #[arg(long, conflicts_with_all = ["write", "to"])]
    pub diff: bool,
    /// Change the files
    #[arg(long)]
    pub write: bool,
    /// Write the changed files below this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "write")]
    pub to: Option<PathBuf>,
    /// Print what would be done and why, change nothing
    #[arg(long, conflicts_with_all = ["diff", "write", "to"])]
    pub plan: bool,
    /// Change nothing, show nothing, exit with 1 if something would change
    #[arg(long, conflicts_with_all = ["write", "to"])]
    pub check: bool,
    /// The highest rung of the ladder: 0 to 6, or `max`
    #[arg(long, value_name = "RUNG", default_value = "5")]
    pub level: Level,
    /// Run these passes only (`--plan` names them)
    #[arg(long, value_name = "PASSES", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave these passes out
    #[arg(long, value_name = "PASSES", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// The image whose web server serves built files
    #[arg(long, value_name = "IMAGE")]
    pub server: Option<String>,
    #[command(flatten)]
    pub proving: Proving,
    #[command(flatten)]
    pub builds: Builds,
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub config: Config,
}
