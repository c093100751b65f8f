//! Arguments of `dockopt cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::options::Build;
use crate::cache::RecordKeeping;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CacheCommand {
    /// Compute from git history which steps each commit would have rerun
    History(CacheHistory),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CacheHistory {
    /// Folder or Dockerfile in a git repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How many commits to look at, from HEAD along first parents
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub commits: u32,
    /// Which records the builder has: `keep` those of all earlier builds, `fresh` none, as in CI without a cache
    #[arg(long, value_enum, value_name = "BUILDER", default_value_t = Builder::Keep)]
    pub builder: Builder,
    /// Compare with another Dockerfile for every commit; `optimize` takes the rewrite of `dockopt optimize`
    #[arg(long, value_name = "DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// Build log that says how long the steps take
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub build: Build,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Builder {
    Keep,
    Fresh,
}

impl Builder {
    pub(in crate::cli) fn keeping(self) -> RecordKeeping {
        match self {
            Self::Keep => RecordKeeping::All,
            Self::Fresh => RecordKeeping::Fresh,
        }
    }
}
