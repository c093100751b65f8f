//! `dockopt image`.

mod budget;
mod choice;
mod diff;

use self::budget::BudgetFlags;
pub(super) use self::budget::size;
pub(super) use self::choice::platform;
pub(in crate::cli) use self::choice::{ImageChoice, ImageLimits, RegistryAccess, Verify, set_patience};
pub(in crate::cli) use self::diff::{Diff, ImageCommand};

use std::path::PathBuf;

use clap::Args;

use super::options::FailOn;
use crate::settings::bytes_of;

#[derive(Debug, Args)]
#[command(
    after_help = "dockopt looks for a name as a file first, then in the engine, then in its registry. A prefix chooses one place: `file:`, `oci:` (a folder), `docker:` (the engine) or `registry:`. Where no engine runs, an image on Docker Hub needs the prefix: `registry:app:1`.\n\nExit codes:\n  0: the image was read\n  1: a finding at least as severe as --fail-on, or an exceeded budget\n  2: the image cannot be read or is damaged, or a budget cannot be checked",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(in crate::cli) struct Image {
    #[command(subcommand)]
    pub command: Option<ImageCommand>,
    /// Archives and folders (docker save, podman save, OCI), `-` for standard input, or images in the engine or a registry
    #[arg(required = true, value_name = "IMAGE")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub choice: ImageChoice,
    #[command(flatten)]
    pub origin: Origin,
    #[command(flatten)]
    pub view: View,
    #[command(flatten)]
    pub limits: ImageLimits,
    #[command(flatten)]
    pub budget: BudgetFlags,
    #[command(flatten)]
    pub dive: DiveFlags,
    /// Image rules to run: names, categories, `default` or `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rule options")]
    pub select: Vec<String>,
    /// Image rules not to run. If --select and --ignore both match a rule, the more specific one decides
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rule options")]
    pub ignore: Vec<String>,
    /// Exit with 1 if a finding has at least this severity
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::None, help_heading = "Rule options")]
    pub fail_on: FailOn,
}

/// Where the image comes from.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Build options")]
pub(in crate::cli) struct Origin {
    /// The Dockerfile of the image, to show the line of each layer
    #[arg(short, long, alias = "dockerfile", value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// The stage that was built
    #[arg(long, value_name = "STAGE", requires = "file")]
    pub target: Option<String>,
    /// Set a build argument; without VALUE it is read from the environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]", requires = "file")]
    pub build_arg: Vec<String>,
    /// Folder of the build context [default: the Dockerfile's folder]
    #[arg(long, value_name = "PATH", requires = "file")]
    pub context: Option<PathBuf>,
    /// Base image (any form of IMAGE); layers shared with it count as base
    #[arg(long, value_name = "IMAGE")]
    pub base: Option<String>,
}

/// What is shown.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of the command line.
#[command(next_help_heading = "View options")]
pub(in crate::cli) struct View {
    /// Browse layers, files and waste interactively
    #[arg(long)]
    pub explore: bool,
    /// Show all rows, and each layer of the base image
    #[arg(long)]
    pub all: bool,
    /// For several images or platforms: show shared layers and the total download size
    #[arg(long, conflicts_with = "explore")]
    pub shared: bool,
    /// Folder depth to show
    #[arg(long, value_name = "LEVELS", default_value_t = 2)]
    pub depth: u32,
    /// Rows per list
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    pub top: usize,
    /// Do not report this category of unneeded files (repeatable)
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',')]
    pub no_category: Vec<String>,
    /// Do not analyze packages
    #[arg(long)]
    pub no_packages: bool,
    /// Do not search for duplicate files
    #[arg(long)]
    pub no_duplicates: bool,
    /// Which table `--format csv` prints
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = Table::Layers)]
    pub table: Table,
    /// Network speeds in bits per second, separated by commas, to estimate the pull time
    #[arg(long, value_name = "RATE", value_delimiter = ',', value_parser = rate, default_value = "100M")]
    pub bandwidth: Vec<u64>,
}

/// A table for spreadsheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Table {
    /// One row per layer
    Layers,
    /// One row per file of the image
    Files,
}

/// Options of dive, for those who are used to them.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct DiveFlags {
    /// Judge the image by dive's rules, also without `.dive-ci`
    #[arg(long, hide = true)]
    pub ci: bool,
    /// Write dive's JSON
    #[arg(short, long, hide = true, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where dive reads the image
    #[arg(long, hide = true, value_name = "docker|podman|docker-archive")]
    pub source: Option<String>,
    /// dive's limit of efficiency
    #[arg(long = "lowestEfficiency", hide = true, value_name = "SHARE")]
    pub lowest_efficiency: Option<String>,
    /// dive's limit of wasted bytes
    #[arg(long = "highestWastedBytes", hide = true, value_name = "SIZE")]
    pub highest_wasted_bytes: Option<String>,
    /// dive's limit of the wasted share
    #[arg(long = "highestUserWastedPercent", hide = true, value_name = "SHARE")]
    pub highest_user_wasted_percent: Option<String>,
    /// Show an image that has errors
    #[arg(short, long, hide = true)]
    pub ignore_errors: bool,
}

impl DiveFlags {
    /// The first option that is only dive's, and what does the same here.
    pub(in crate::cli) fn foreign_option(&self) -> Option<(&'static str, &'static str)> {
        let typed = [
            (
                self.json.is_some(),
                "--json",
                "`--format json -o FILE` writes the result of dockopt, which contains dive's figures",
            ),
            (
                self.source.is_some(),
                "--source",
                "write it before the name: `docker:app`, `file:app.tar`; images of podman are read from `podman save`",
            ),
            (
                self.lowest_efficiency.is_some(),
                "--lowestEfficiency",
                "`--min-efficiency` is a limit of efficiency; a file `.dive-ci` keeps dive's",
            ),
            (
                self.highest_wasted_bytes.is_some(),
                "--highestWastedBytes",
                "`--max-waste` is a limit of wasted bytes; a file `.dive-ci` keeps dive's",
            ),
            (
                self.highest_user_wasted_percent.is_some(),
                "--highestUserWastedPercent",
                "`--max-waste-ratio` with `--ignore-base` is such a limit; a file `.dive-ci` keeps dive's",
            ),
            (
                self.ignore_errors,
                "--ignore-errors",
                "remove it: what can be read of a damaged image is shown, with exit code 2",
            ),
        ];
        typed.into_iter().find(|(is_typed, ..)| *is_typed).map(|(_, option, help)| (option, help))
    }
}

/// Bits per second: `100M`, `1.5Gbit`, `20Mbit/s`.
fn rate(text: &str) -> Result<u64, String> {
    let bare = text.trim_end_matches("/s").trim_end_matches("ps").trim_end_matches("bit");
    bytes_of(bare).filter(|rate| *rate > 0).ok_or_else(|| "expected bits per second such as `100M` or `1G`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        assert_eq!(rate("100Mbit/s"), Ok(100_000_000));
        assert_eq!(rate("1.5Gbps"), Ok(1_500_000_000));
        assert_eq!(rate("20M"), Ok(20_000_000));
        for text in ["", "0", "fast"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
