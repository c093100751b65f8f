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
    /// Check the repositories and images of a list, or of one part of it; run again, it goes on where it stopped
    #[command(
        after_help = "Each item gets a file in DIR/results: what `audit --format json` or `image --format json` writes, or why it failed.\n\nExit codes:\n  0: every item has a result\n  1: some items failed\n  2: an error, or the run was interrupted"
    )]
    Run(FleetRun),
    /// Write jobs that check all parts of a list and join the results; shows a diff by default
    #[command(
        after_help = "A file that is there is written again only if nobody changed it.\n\nExit codes:\n  0: the files are written or shown\n  1: with --check a file would be written\n  2: an error, such as a list that is not there"
    )]
    Emit(FleetEmit),
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
    /// Do not ask what each image is built on, which takes one or two requests each: shards then share fewer layers
    #[arg(long, help_heading = "Selection")]
    pub no_bases: bool,
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
    /// Memory of all items together; an item that needs more by itself fails [default: three quarters of what is free]
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
    /// Space for these layers; those that were not used for longest are removed
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
