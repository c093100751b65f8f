//! Arguments of `dockopt fleet`.

mod emit;

use std::env;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(in crate::cli) use self::emit::FleetEmit;

use super::image::{RegistryAccess, platform, size};
use super::options::Config;
use crate::fleet::Shard;
use crate::image::Platform;
use crate::inputs::Date;
use crate::settings::SettingsPattern;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FleetCommand {
    /// Write a list of repositories and images, for `fleet run`
    #[command(
        after_help = "The list has a line of JSON for each item, sorted: `{\"folder\": \"PATH\"}` or `{\"image\": \"NAME\"}`.\n\nExit codes:\n  0: the list is written\n  2: an error, such as a registry that does not list its repositories"
    )]
    List(FleetList),
    /// Check the repositories and images of a list, or of one part of it; run again, it continues where it stopped
    #[command(
        after_help = "Each item gets a file in DIR/results: what `audit --format json` or `image --format json` writes, or why it failed.\n\nExit codes:\n  0: every item has a result\n  1: some items failed\n  2: an error, or the run was interrupted"
    )]
    Run(FleetRun),
    /// Join the results of all shards: what the images share, what costs most, secrets first
    #[command(
        after_help = "The same results give the same report, in however many shards they were made.\n\nExit codes:\n  0: success\n  2: an error; with --complete also an item that was not checked"
    )]
    Report(FleetReport),
    /// Write jobs that check all parts of a list and join the results; shows a diff by default
    #[command(
        after_help = "A file that is there is written again only if nobody changed it.\n\nExit codes:\n  0: the files are written or shown\n  1: with --check a file would be written\n  2: an error, such as a list that is not there"
    )]
    Emit(FleetEmit),
}

/// A report over the results of runs.
#[derive(Debug, Args)]
pub(in crate::cli) struct FleetReport {
    /// Folders with results, or folders with such folders
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// An earlier report (`fleet report --format json`) to compare with
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Number of hosts that the images run on, to estimate what they pull
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub hosts: Option<u64>,
    /// Rows per list
    #[arg(long, value_name = "ROWS", default_value_t = 10, conflicts_with = "all")]
    pub top: usize,
    /// Show all rows
    #[arg(long)]
    pub all: bool,
    /// Which table `--format csv` prints
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = FleetTableArgument::Items)]
    pub table: FleetTableArgument,
    /// Also write the findings of each repository as SARIF to this folder, a file each
    #[arg(long, value_name = "DIR")]
    pub sarif_to: Option<PathBuf>,
    /// Exit with 2 if an item was not checked, or a shard is missing
    #[arg(long)]
    pub complete: bool,
    /// Wait until all items of all shards are checked, at most so many seconds; then report what is there
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
    pub wait: Option<u64>,
}

/// A table for spreadsheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FleetTableArgument {
    /// One row per folder and image
    Items,
    /// One row per line that costs something
    Lines,
    /// One row per secret
    Secrets,
    /// One row per rule
    Rules,
    /// One row per layer that several images have
    Layers,
    /// One row per base image
    Bases,
    /// One row per package that a common base could hold
    Packages,
}

/// What a list is made of.
#[derive(Debug, Args)]
pub(in crate::cli) struct FleetList {
    /// Folder with many checked-out repositories: each of them with a Dockerfile or a compose file (repeatable)
    #[arg(long, value_name = "DIR", help_heading = "Sources")]
    pub folder: Vec<PathBuf>,
    /// File with a name of an image per line; `-` reads standard input (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub images: Vec<PathBuf>,
    /// All repositories of a registry, or one (repeatable)
    #[arg(long, value_name = "HOST[/REPOSITORY]", help_heading = "Sources")]
    pub registry: Vec<String>,
    /// The images of the engine that have a name
    #[arg(long, help_heading = "Sources")]
    pub engine: bool,
    /// Which tags of a repository in a registry
    #[arg(long, value_enum, value_name = "TAGS", default_value_t = TagSelection::Newest, help_heading = "Selection")]
    pub tags: TagSelection,
    /// Only the folders and images whose path or name matches GLOB, without registry and tag (repeatable)
    #[arg(long = "match", value_name = "GLOB", value_parser = SettingsPattern::new, help_heading = "Selection")]
    pub patterns: Vec<SettingsPattern>,
    /// No folder and no image whose path or name matches GLOB (repeatable)
    #[arg(long, value_name = "GLOB", value_parser = SettingsPattern::new, help_heading = "Selection")]
    pub exclude: Vec<SettingsPattern>,
    /// Only the first N items of each source
    #[arg(long, value_name = "N", help_heading = "Selection")]
    pub limit: Option<usize>,
    /// Do not ask what each image is built on and how large it is, which takes one or two requests each: shards then share fewer layers and differ in size
    #[arg(long, help_heading = "Selection")]
    pub no_bases: bool,
    /// Seconds that a registry may ask to wait, for a limit on requests
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub patience: u64,
    /// Platform of multi-platform images [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", value_parser = platform, help_heading = "Image options")]
    pub platform: Option<Platform>,
    #[command(flatten)]
    pub access: RegistryAccess,
}

/// Which tags of a repository are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TagSelection {
    /// The highest version
    Newest,
    /// The one that was built last: takes two or three requests per tag
    NewestByDate,
    /// All
    All,
}

/// A run over a part of a list.
#[derive(Debug, Args)]
pub(in crate::cli) struct FleetRun {
    /// The list that `fleet list` wrote; `-` reads standard input
    pub list: PathBuf,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Check only part I of N parts of the list; `index/N` takes I from `JOB_COMPLETION_INDEX` of Kubernetes, which counts from 0,
    /// or from `CI_NODE_INDEX` of GitLab
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE, value_parser = shard)]
    pub shard: Shard,
    /// Try items again that failed in an earlier run
    #[arg(long)]
    pub retry: bool,
    /// What to print about progress on standard error
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ProgressForm::Line)]
    pub progress: ProgressForm,
    #[command(flatten)]
    pub limits: RunLimits,
    #[command(flatten)]
    pub checks: FleetChecks,
}

/// What a run may take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct RunLimits {
    /// Items to check at a time [default: the number of processors]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Items to check at a time that are read from the same registry
    #[arg(long, value_name = "N", default_value = "4")]
    pub per_registry: NonZeroUsize,
    /// Memory of all items together: the largest is checked again by itself, and fails if it needs more even so [default: three quarters of what is free]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// Seconds after which an item fails
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub timeout: u64,
    /// Seconds that a registry may ask to wait, for a limit on requests
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub patience: u64,
    /// Folder for layers that several images share; it is kept for later runs [default: DIR/layers, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub layers: Option<PathBuf>,
    /// Space for these layers: those that were not used for longest are removed, and one that is larger is not kept
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "20GB")]
    pub layer_space: u64,
}

/// Options that are passed on to `audit` and `image`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Check options")]
pub(in crate::cli) struct FleetChecks {
    /// Platform of multi-platform images [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", value_parser = platform)]
    pub platform: Option<Platform>,
    /// Do not compute from git history how often steps would have rerun
    #[arg(long)]
    pub no_history: bool,
    /// Date to use as today [default: that of the first run of this folder]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = super::options::date)]
    pub today: Option<Date>,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub access: RegistryAccess,
}

/// What is printed about progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ProgressForm {
    /// A line that changes, on a terminal
    Line,
    /// A line of JSON for each item
    Json,
    /// Nothing
    None,
}

/// The variables in which systems say which of several jobs one is, and the number of the first.
const INDEX_VARIABLES: [(&str, usize); 2] = [("JOB_COMPLETION_INDEX", 0), ("CI_NODE_INDEX", 1)];

/// A part of a list, whose number the environment may have.
fn shard(text: &str) -> Result<Shard, String> {
    let Some(count) = text.strip_prefix("index/") else { return text.parse() };
    let mut variables = INDEX_VARIABLES.iter().filter_map(|(name, first)| Some((name, first, env::var(name).ok()?)));
    let Some((name, first, value)) = variables.next() else {
        let names = INDEX_VARIABLES.map(|(name, _)| format!("`{name}`")).join(" nor ");
        return Err(format!("`index` is not known: the environment has neither {names}"));
    };
    let index = value.parse::<usize>().ok().and_then(|index| index.checked_add(1)?.checked_sub(*first));
    let index = index.ok_or_else(|| format!("`{name}` is `{value}`, not a number from {first}"))?;
    format!("{index}/{count}").parse().map_err(|error: String| format!("`{name}` is `{value}`: {error}"))
}
