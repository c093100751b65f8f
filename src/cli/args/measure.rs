//! Arguments of `dockopt measure`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::options::{Build, Config, ONLY_DOCKERFILE};
use crate::proof::Scenario;

#[derive(Debug, Args)]
#[command(
    mut_arg("file", |arg| arg.help(ONLY_DOCKERFILE)),
    after_help = "Builds run with `docker buildx build` on a copy of the build context. dockopt removes the images and \
                        containers that it made, and says how much its builds left in the build cache.\n\nExit codes:\n  0: measured\n  1: a \
                        Dockerfile does not build\n  2: the measurement failed"
)]
pub(in crate::cli) struct Measure {
    /// Folder or Dockerfile
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Compare with another build: a folder (its Dockerfile and its own build context), or a Dockerfile (with the build context of PATH)
    #[arg(long, value_name = "DIR|DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// How many times to run each build; the median is shown
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rounds: u16,
    /// Rebuilds to measure after the cold build, separated by commas [default: unchanged,source,dependency]
    #[arg(
        long,
        value_enum,
        value_name = "SCENARIOS",
        value_delimiter = ',',
        hide_default_value = true,
        default_values_t = [Case::Unchanged, Case::Source, Case::Dependency]
    )]
    pub scenarios: Vec<Case>,
    /// Source file to change [default: one that the build copies]
    #[arg(long, value_name = "PATH")]
    pub source: Option<String>,
    /// Dependency list to change [default: one that the build copies]
    #[arg(long, value_name = "PATH")]
    pub dependency: Option<String>,
    /// Remove what interrupted runs left behind, then exit
    #[arg(long, conflicts_with_all = ["against"])]
    pub clean_up: bool,
    #[command(flatten)]
    pub run: Builds,
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub config: Config,
}

/// How builds are run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options for running the builds")]
pub(in crate::cli) struct Builds {
    /// Secret to pass to the build, as in `docker build` (repeatable)
    #[arg(long, value_name = "id=NAME[,src=FILE|,env=VARIABLE]")]
    pub secret: Vec<String>,
    /// SSH agent or keys to pass to the build, as in `docker build` (repeatable)
    #[arg(long, value_name = "default|ID[=SOCKET|KEY]")]
    pub ssh: Vec<String>,
    /// Network mode of RUN instructions
    #[arg(long, value_name = "MODE")]
    pub network: Option<String>,
    /// Additional host name for RUN instructions (repeatable)
    #[arg(long, value_name = "HOST:IP")]
    pub add_host: Vec<String>,
    /// Time limit of one build in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub timeout: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Case {
    /// No rebuild, only the cold build
    Cold,
    /// A rebuild without changes
    Unchanged,
    /// A rebuild after a source file changed
    Source,
    /// A rebuild after a dependency list changed
    Dependency,
}

impl Case {
    /// As figures name it.
    pub(in crate::cli) const fn scenario(self) -> Scenario {
        match self {
            Self::Cold => Scenario::Cold,
            Self::Unchanged => Scenario::Unchanged,
            Self::Source => Scenario::Source,
            Self::Dependency => Scenario::Dependency,
        }
    }
}

impl Builds {
    /// For one build.
    pub(in crate::cli) const fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}
