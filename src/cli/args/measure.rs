//! What `dockopt measure` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::options::{Build, Config};
use crate::proof::Scenario;

#[derive(Debug, Args)]
#[command(
    after_help = "Builds are run with `docker buildx build` on a copy of the context. Nothing is pruned or removed that \
                        dockopt did not make; what stays in the build cache is said.\n\nExit codes: 0 measured; 1 a \
                        Dockerfile does not build; 2 it could not be done."
)]
pub(in crate::cli) struct Measure {
    /// Folder or Dockerfile
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Compare with another folder's Dockerfile, or with another Dockerfile for the same folder
    #[arg(long, value_name = "DIR|DOCKERFILE")]
    pub against: Option<PathBuf>,
    /// How often each build is made; the median is shown
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rounds: u16,
    /// What is built besides the cold build
    #[arg(long, value_enum, value_name = "SCENARIOS", value_delimiter = ',', default_values_t = [Case::Unchanged, Case::Source, Case::Dependency])]
    pub scenarios: Vec<Case>,
    /// The source file to change [default: a likely one that the build takes]
    #[arg(long, value_name = "PATH")]
    pub source: Option<String>,
    /// The list of dependencies to change [default: one that the build takes]
    #[arg(long, value_name = "PATH")]
    pub dependency: Option<String>,
    /// Remove what runs that were ended by force left behind, and do nothing else
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
#[command(next_help_heading = "Options of the build")]
pub(in crate::cli) struct Builds {
    /// A secret for the build, as docker takes it
    #[arg(long, value_name = "id=NAME[,src=FILE|,env=VARIABLE]")]
    pub secret: Vec<String>,
    /// An ssh agent or key for the build, as docker takes it
    #[arg(long, value_name = "default|ID[=SOCKET|KEY]")]
    pub ssh: Vec<String>,
    /// The network of the build's steps
    #[arg(long, value_name = "MODE")]
    pub network: Option<String>,
    /// A further host of the build's steps
    #[arg(long, value_name = "HOST:IP")]
    pub add_host: Vec<String>,
    /// Seconds for one build
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub timeout: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Case {
    /// Nothing but the cold build
    Cold,
    /// Nothing has changed
    Unchanged,
    /// A line of a source file has changed
    Source,
    /// A list of dependencies has changed
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
