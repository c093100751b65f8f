//! Arguments of `dockopt history`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "The record is written by `dockopt report --record FILE`, one line for each run. `dockopt cache history` is \
                        something else: it computes from git which steps past commits would have rerun."
)]
pub(in crate::cli) struct History {
    /// The file that `dockopt report --record` writes
    #[arg(default_value = "dockopt-history.jsonl")]
    pub file: PathBuf,
    /// Show only the last N records
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub last: u32,
}
