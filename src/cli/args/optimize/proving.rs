//! What `dockopt optimize --verify` takes.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of --verify")]
pub(in crate::cli) struct Proving {
    /// Build before and after, compare images and containers, and go down the ladder to what is proved; needs an engine
    #[arg(long)]
    pub verify: bool,
    /// Prove a rewrite of your own instead: a Dockerfile, or a folder with one and its .dockerignore
    #[arg(long, value_name = "FILE|DIR", requires = "verify", conflicts_with_all = ["write", "to", "only", "skip"])]
    pub against: Option<PathBuf>,
    /// What containers are asked: a path, a URL, or a command to be run in them [default: guessed from the sources]
    #[arg(long, value_name = "URL|PATH|CMD", requires = "verify")]
    pub probe: Vec<String>,
    /// A container beside them, with variables of its own: `db=postgres:17,POSTGRES_PASSWORD=x`
    #[arg(long, value_name = "NAME=IMAGE[,KEY=VALUE…]", requires = "verify")]
    pub service: Vec<String>,
    /// A variable of the containers
    #[arg(long, short = 'e', value_name = "KEY=VALUE", requires = "verify")]
    pub env: Vec<String>,
    /// A stage that tests: it has to build in both
    #[arg(long, value_name = "STAGE", requires = "verify")]
    pub test_target: Option<String>,
    /// A command of your own tests, for a shell in a container of both
    #[arg(long, value_name = "CMD", requires = "verify")]
    pub run: Vec<String>,
    /// Seconds for a container to open its ports
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub start_timeout: u64,
    /// How often each build is measured; 0 leaves the figures out
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub rounds: u16,
    /// Write the proof to a file: JSON, or Markdown where its name ends with .md
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub proof: Vec<PathBuf>,
}
