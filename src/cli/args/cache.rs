//! Arguments of `dockopt cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::options::{Build, ONLY_DOCKERFILE};
use crate::cache::{BuilderFlags, RecordKeeping};

/// Commits that are read unless others are asked for.
const COMMITS: u32 = 500;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CacheCommand {
    /// Compute from git history which steps each commit would have rerun
    History(CacheHistory),
    /// Show from a build log which steps were cached, which missed first, and what took longest
    Explain(Box<ExplainLog>),
    /// Predict which steps rerun after a change, and say why
    Predict(CachePredict),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CachePredict {
    /// Folder or Dockerfile
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Ignore uncommitted changes, and assume that this file or folder of PATH has changed (repeatable)
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    pub touch: Vec<PathBuf>,
    /// Commit or folder (an earlier copy of PATH) to compare with [default: HEAD, unless another change is named]
    #[arg(long, value_name = "COMMIT|FOLDER")]
    pub since: Option<String>,
    /// Predict which steps rerun if this Dockerfile replaces the current one; with --log, also how long they take
    #[arg(long, value_name = "DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// Assume that this build argument changes to VALUE (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    pub change_build_arg: Vec<String>,
    /// Build log, or JSON of `dockopt measure`, to show how long the steps take
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Image store of the builder; that of `docker buildx create` has `containerd`. With `classic`, `COPY --link` reruns
    /// after an earlier step that reruns
    #[arg(long, value_enum, value_name = "STORE", default_value_t = ImageStore::default())]
    pub image_store: ImageStore,
    #[command(flatten)]
    pub build: Build,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ImageStore {
    #[default]
    Containerd,
    Classic,
}

impl ImageStore {
    pub(in crate::cli) fn flags(self) -> BuilderFlags {
        BuilderFlags { merges_links: self == Self::Containerd, ..BuilderFlags::default() }
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("file", |arg| arg.help(ONLY_DOCKERFILE)))]
pub(in crate::cli) struct CacheHistory {
    /// Folder or Dockerfile in a git repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How many commits to read, back from HEAD; first parents only
    #[arg(long, value_name = "N", default_value_t = COMMITS, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub commits: u32,
    /// Whether the builder keeps its cache between commits: `keep`, or `fresh` for CI without a cache
    #[arg(long, value_enum, value_name = "BUILDER", default_value_t = Builder::Keep)]
    pub builder: Builder,
    /// Compare with another Dockerfile, or with `optimize` for the rewrite of `dockopt`
    #[arg(long, value_name = "DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// Build log, or JSON of `dockopt measure`, to show how long the steps take
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// The image store of the builder, as in `dockopt cache predict`
    #[arg(long, value_enum, value_name = "STORE", default_value_t = ImageStore::default())]
    pub image_store: ImageStore,
    #[command(flatten)]
    pub build: Build,
}

impl CacheHistory {
    /// The options of this command alone, as they were typed, but for `--against`.
    pub(in crate::cli) fn typed(&self) -> Vec<String> {
        let commits = (self.commits != COMMITS).then(|| format!("--commits={}", self.commits));
        let builder = (self.builder != Builder::Keep).then(|| "--builder=fresh".to_owned());
        let log = self.log.as_ref().map(|log| format!("--log={}", log.display()));
        let store = (self.image_store != ImageStore::default()).then(|| "--image-store=classic".to_owned());
        [commits, builder, log, store].into_iter().flatten().collect()
    }
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

#[derive(Debug, Args)]
#[command(
    after_help = "These logs are read: plain (also with CI prefixes), rawjson, traces, terminal captures, legacy builder, \
                        buildah, `buildx history` and .dockerbuild files.\n\nExit codes:\n  0: explained\n  2: the file is \
                        not a build log"
)]
pub(in crate::cli) struct ExplainLog {
    /// The build log; `-` reads standard input
    pub log: PathBuf,
    /// Folder or Dockerfile of the build, to show the line of each step
    pub path: Option<PathBuf>,
    /// Show all steps, also those that took no time
    #[arg(long)]
    pub all: bool,
    /// Commit or folder of the previous build, to say why steps were not cached
    #[arg(long, value_name = "COMMIT|FOLDER")]
    pub before: Option<String>,
    /// Commit or folder of the logged build [default: the working tree]
    #[arg(long, value_name = "COMMIT|FOLDER", requires = "before")]
    pub at: Option<String>,
    #[command(flatten)]
    pub build: Build,
}
