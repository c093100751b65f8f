//! Arguments of `dockopt optimize`.

mod proving;

pub(in crate::cli) use self::proving::Proving;

use std::path::PathBuf;

use clap::Args;

use super::measure::Builds;
use super::options::{Build, Config, Exclude};
use crate::optimize::LevelLimit;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0: done\n  1: --check found something to change, or no rewrite passed --verify\n  2: an error, or the original does not build"
)]
#[allow(clippy::struct_excessive_bools)] // Flags as users type them.
pub(in crate::cli) struct Optimize {
    /// Folder or Dockerfile
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show the changes as a diff without writing them (default)
    #[arg(long, conflicts_with_all = ["write", "to"])]
    pub diff: bool,
    /// Change the files
    #[arg(long)]
    pub write: bool,
    /// Write the changed files to this folder; leave the originals
    #[arg(long, value_name = "DIR", conflicts_with = "write")]
    pub to: Option<PathBuf>,
    /// Print each planned change with its reason; write nothing
    #[arg(long, conflicts_with_all = ["diff", "write", "to"])]
    pub plan: bool,
    /// Show no diff; exit with 1 if a file would change
    #[arg(long, conflicts_with_all = ["write", "to"])]
    pub check: bool,
    /// How much to rewrite; each level includes all lower ones: 0 .dockerignore, 1 step order and cache mounts, 2 install options and safe fixes, 3 multi-stage build, 4 slim base image, 5 non-root user and healthcheck, 6 production server, `max` all
    #[arg(long, value_name = "LEVEL", default_value = "5")]
    pub level: LevelLimit,
    /// Run only these passes (separated by commas); `--plan --verbose` lists them
    #[arg(long, value_name = "PASSES", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Skip these passes
    #[arg(long, value_name = "PASSES", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// With --plan: do not compute from git history how many reruns each level avoids
    #[arg(long, requires = "plan")]
    pub no_history: bool,
    /// With --plan: build log, or JSON of `dockopt measure`, to show how many seconds each level saves
    #[arg(long, value_name = "LOG", requires = "plan", conflicts_with = "no_history")]
    pub log: Option<PathBuf>,
    /// Image of the web server for a static site
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
    #[command(flatten)]
    pub exclude: Exclude,
}
