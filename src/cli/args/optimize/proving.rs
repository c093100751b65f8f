//! Arguments of `dockopt optimize --verify`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of --verify")]
pub(in crate::cli) struct Proving {
    /// Build and run the original and the rewrite, compare them, and keep only changes after which the application still works; needs a Docker engine
    #[arg(long)]
    pub verify: bool,
    /// Compare the original with this Dockerfile, or this folder's Dockerfile and .dockerignore, instead of dockopt's rewrite
    #[arg(long, value_name = "DIR|DOCKERFILE", requires = "verify", conflicts_with_all = ["write", "to", "only", "skip"])]
    pub against: Option<PathBuf>,
    /// Path or URL to request, or command to run in the container, whose answers must be the same in both versions (repeatable) [default: guessed from the sources]
    #[arg(long, value_name = "URL|PATH|CMD", requires = "verify")]
    pub probe: Vec<String>,
    /// Start a container that the application needs, reachable under the host name NAME, for example `db=postgres:17,POSTGRES_PASSWORD=x` (repeatable)
    #[arg(long, value_name = "NAME=IMAGE[,KEY=VALUE…]", requires = "verify")]
    pub service: Vec<String>,
    /// Set an environment variable in the containers (repeatable)
    #[arg(long, short = 'e', value_name = "KEY=VALUE", requires = "verify")]
    pub env: Vec<String>,
    /// Stage that runs tests; it must build in both versions
    #[arg(long, value_name = "STAGE", requires = "verify")]
    pub test_target: Option<String>,
    /// Shell command that must succeed in a container of each image (repeatable)
    #[arg(long, value_name = "CMD", requires = "verify")]
    pub run: Vec<String>,
    /// Seconds to wait for a container to open its ports
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub start_timeout: u64,
    /// How many times to time each build; 0 only compares the images
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub rounds: u16,
    /// Write the results of --verify to a file: JSON, or Markdown if its name ends with .md (repeatable)
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub proof: Vec<PathBuf>,
}
