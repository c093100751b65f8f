//! Arguments of `dockopt report`.

use std::path::PathBuf;

use clap::Args;

use super::options::{Config, Threshold};

#[derive(Debug, Args)]
#[command(
    after_help = "Differences in seconds are judged only above 10 %, 3 s and the spread of the measured runs.\n\n\
                        Exit codes: 0 clean; 1 a limit of [budget] is exceeded, or there are new findings at --fail-on \
                        or above (all findings without a baseline); 2 an input cannot be read."
)]
pub(in crate::cli) struct Report {
    /// JSON results of audit, lint, image, image diff, measure, cache and optimize
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Compare with an earlier `report --format json`, or with results from before (repeatable)
    #[arg(long, value_name = "FILE")]
    pub baseline: Vec<PathBuf>,
    /// Label of the pull request; the one of `growth-label` [default: allow-size-increase] allows growth (repeatable)
    #[arg(long, value_name = "NAME")]
    pub label: Vec<String>,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub threshold: Threshold,
}
