//! Arguments of `dockopt compose verify`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "The project is started under another name, on ports that the engine chooses, with empty volumes and copies of \
                  the folders that it writes to. dockopt removes only what it created.\n\nExit codes:\n  0: proved\n  1: not proved\n  2: \
                  the project could not be started"
)]
pub(in crate::cli) struct ComposeVerify {
    /// Compose files of one project (later files override earlier ones), or the folder of the project [default: the files that `COMPOSE_FILE` names, else .]
    pub files: Vec<PathBuf>,
    /// File with variables instead of `.env` (repeatable)
    #[arg(long = "env-file", value_name = "FILE")]
    pub env_files: Vec<PathBuf>,
    /// Profile to activate (repeatable)
    #[arg(long = "profile", value_name = "NAME")]
    pub profiles: Vec<String>,
    /// How often to start the project from nothing
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub cold_starts: u32,
    /// Delay the start of each server by a random time, at most this long
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, value_parser = seconds)]
    pub delay: f64,
    /// Seed of the random delays [default: a new one each time]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Do not pause servers to test their health checks
    #[arg(long)]
    pub no_outages: bool,
    /// Seconds until all services must be ready; builds and pulls have a limit of 30 minutes
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub timeout: u64,
    /// Remove the leftovers of interrupted runs, then exit
    #[arg(long, conflicts_with_all = ["files"])]
    pub clean_up: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "write seconds between 0 and 3600, such as 2 or 0.5".to_owned())
}
