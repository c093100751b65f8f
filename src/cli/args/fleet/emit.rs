//! Arguments of `dockopt fleet emit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::fleet_jobs::{FleetSystem, cluster_name, plain_path, registry_host, storage_size};
use crate::remote::RegistryReference;

/// The jobs that are written.
#[derive(Debug, Args)]
pub(in crate::cli) struct FleetEmit {
    /// The system
    #[arg(value_enum, value_name = "SYSTEM")]
    pub system: FleetSystemArgument,
    /// The folder that the files are written below: the top of a repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The list below the folder [default: made by a job from the registries; fleet.jsonl if none is named]
    #[arg(long, value_name = "FILE", value_parser = plain_path)]
    pub list: Option<String>,
    /// Registry to log in to, and to list where no list is named (repeatable)
    #[arg(long, value_name = "HOST[:PORT]", value_parser = registry_host)]
    pub registry: Vec<String>,
    #[command(flatten)]
    pub size: JobSize,
    #[command(flatten)]
    pub cluster: FleetCluster,
    /// Write the files
    #[arg(short, long)]
    pub write: bool,
    /// Exit with 1 if a file would be written
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Print why each amount is there, instead of the diff
    #[arg(long)]
    pub explain: bool,
}

/// How large jobs are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Size of jobs")]
pub(in crate::cli) struct JobSize {
    /// Folder of results of an earlier `fleet run`, whose measurements take the place of assumptions (repeatable)
    #[arg(long, value_name = "DIR")]
    pub run: Vec<PathBuf>,
    /// Minutes that a part of the list shall take
    #[arg(long, value_name = "M", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1_440))]
    pub minutes: u64,
    /// Parts of the list [default: as many as M minutes ask for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub shards: Option<u16>,
}

/// What only jobs of Kubernetes have.
#[derive(Debug, Args)]
#[command(next_help_heading = "Kubernetes")]
pub(in crate::cli) struct FleetCluster {
    /// Image of dockopt [default: that of this version]
    #[arg(long, value_name = "IMAGE", value_parser = image)]
    pub image: Option<String>,
    /// Namespace of the jobs [default: that of who applies them]
    #[arg(long, value_name = "NAME", value_parser = label)]
    pub namespace: Option<String>,
    /// Size of the volume for the list and the results [default: what the results take]
    #[arg(long, value_name = "SIZE", value_parser = storage_size)]
    pub storage: Option<u64>,
    /// Class of the volume, of a file system that several nodes write to [default: that of the cluster]
    #[arg(long, value_name = "NAME", value_parser = class)]
    pub storage_class: Option<String>,
}

/// The system that jobs are written for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum FleetSystemArgument {
    /// A workflow of GitHub
    Github,
    /// Jobs of GitLab
    Gitlab,
    /// Jobs of Kubernetes
    Kubernetes,
}

impl From<FleetSystemArgument> for FleetSystem {
    fn from(argument: FleetSystemArgument) -> Self {
        match argument {
            FleetSystemArgument::Github => Self::Github,
            FleetSystemArgument::Gitlab => Self::Gitlab,
            FleetSystemArgument::Kubernetes => Self::Kubernetes,
        }
    }
}

fn label(text: &str) -> Result<String, String> {
    cluster_name(text, false)
}

fn class(text: &str) -> Result<String, String> {
    cluster_name(text, true)
}

fn image(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    let is_image = text.parse::<RegistryReference>().is_ok() && text.chars().all(is_plain);
    let error = "expected the name of an image, such as `registry.example/dockopt:1.0`";
    if is_image { Ok(text.to_owned()) } else { Err(error.to_owned()) }
}
