//! Arguments of `dockopt cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::options::{Build, ONLY_DOCKERFILE};
use crate::cache::{BuilderFlags, RecordKeeping};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CacheCommand {
    /// Compute from git history which steps each commit would have rerun
    History(CacheHistory),
    /// Read a build log: which steps were cached, what missed first, and what the build waited for
    Explain(Box<ExplainLog>),
    /// Predict which steps rerun after a change, and say why
    Predict(CachePredict),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CachePredict {
    /// Folder or Dockerfile
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Assume that this file or folder has changed (repeatable)
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    pub touch: Vec<PathBuf>,
    /// COMMIT: compare the working tree with this commit instead of HEAD. FOLDER: compare PATH with this earlier copy of it
    #[arg(long, value_name = "COMMIT|FOLDER")]
    pub since: Option<String>,
    /// Predict which steps rerun if this Dockerfile replaces the current one; with --log, also how long they take
    #[arg(long, value_name = "DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// Assume that a build argument has another value (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    pub change_build_arg: Vec<String>,
    /// Build log, or the JSON of `dockopt measure`, that says how long the steps take
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Image store of the builder; choose `containerd` also for builders created with `docker buildx create`. When an
    /// earlier step reruns, `COPY --link` stays cached with `containerd` and reruns with `classic`
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
    /// How many commits to look at, from HEAD along first parents
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub commits: u32,
    /// Which records the builder has: `keep` those of all earlier builds, `fresh` none, as in CI without a cache
    #[arg(long, value_enum, value_name = "BUILDER", default_value_t = Builder::Keep)]
    pub builder: Builder,
    /// Compare with another Dockerfile for every commit; `optimize` takes the rewrite of `dockopt optimize`
    #[arg(long, value_name = "DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// Build log, or the JSON of `dockopt measure`, that says how long the steps take
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// The image store of the builder, as in `dockopt cache predict`
    #[arg(long, value_enum, value_name = "STORE", default_value_t = ImageStore::default())]
    pub image_store: ImageStore,
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

#[derive(Debug, Args)]
#[command(
    after_help = "Every form of log is read: plain with and without the prefixes of CI, rawjson, terminal captures, the \
                        legacy builder, buildah, `buildx history` and .dockerbuild files, traces.\n\nExit codes: 0 \
                        explained; 2 the file is no build log."
)]
pub(in crate::cli) struct ExplainLog {
    /// The build log; `-` reads standard input
    pub log: PathBuf,
    /// Folder or Dockerfile of the build, to name the lines of the steps
    pub path: Option<PathBuf>,
    /// Show all steps, also those that took no time
    #[arg(long)]
    pub all: bool,
    /// Commit of the build before, or a folder with its files, to say why steps were not cached
    #[arg(long, value_name = "COMMIT|FOLDER")]
    pub before: Option<String>,
    /// Commit or folder of the logged build [default: the working tree]
    #[arg(long, value_name = "COMMIT|FOLDER", requires = "before")]
    pub at: Option<String>,
    #[command(flatten)]
    pub build: Build,
}
