//! Options that select an image and limit how it is read.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::budget::size;
use crate::image::Platform;
use crate::remote::{BlobCache, RegistryOptions};

/// Which images of a name, archive or folder are read.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Image options")]
pub(in crate::cli) struct ImageChoice {
    /// Platform of a multi-platform image [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", value_parser = platform, conflicts_with = "all_platforms")]
    pub platform: Option<Platform>,
    /// Read the images of all platforms
    #[arg(long)]
    pub all_platforms: bool,
    /// The image to read from an archive that has several
    #[arg(long = "ref", value_name = "NAME")]
    pub reference: Option<String>,
    /// Read only the manifest and config: sizes and history, no files
    #[arg(long)]
    pub sizes_only: bool,
    #[command(flatten)]
    pub access: RegistryAccess,
    #[command(flatten)]
    pub share: RegistryShare,
}

/// How registries are reached.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Image options")]
pub(in crate::cli) struct RegistryAccess {
    /// File of extra CA certificates (PEM) to trust for registries (repeatable)
    #[arg(long, value_name = "FILE")]
    pub registry_ca: Vec<PathBuf>,
    /// Allow plain HTTP or an unverified certificate for this registry (repeatable)
    #[arg(long, value_name = "HOST[:PORT]")]
    pub insecure_registry: Vec<String>,
}

impl RegistryAccess {
    /// How the process reaches registries, with these options.
    pub(in crate::cli) fn options(&self) -> RegistryOptions {
        let mut options = RegistryOptions::of_process();
        options.ca.clone_from(&self.registry_ca);
        options.insecure.clone_from(&self.insecure_registry);
        options
    }
}

/// What several processes of `fleet run` share. No user types it.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct RegistryShare {
    /// Folder of layers that were fetched
    #[arg(long, hide = true, value_name = "DIR")]
    pub blobs: Option<PathBuf>,
    /// Bytes of that folder
    #[arg(long, hide = true, value_name = "SIZE", value_parser = size, default_value = "20GB")]
    pub blob_space: u64,
    /// Seconds that a registry may ask to wait
    #[arg(long, hide = true, value_name = "SECONDS")]
    pub patience: Option<u64>,
}

impl RegistryShare {
    /// Adds them to how registries are reached.
    pub(in crate::cli) fn apply(&self, options: &mut RegistryOptions) {
        options.blobs = self.blobs.as_ref().map(|folder| BlobCache::new(folder, self.blob_space));
        if let Some(seconds) = self.patience {
            set_patience(options, seconds);
        }
    }
}

/// Further attempts of a command that nobody waits for: with pauses that double, two minutes in all.
const PATIENT_RETRIES: u32 = 8;

/// Lets registries ask for pauses of so many seconds, and more often.
pub(in crate::cli) fn set_patience(options: &mut RegistryOptions, seconds: u64) {
    options.limits.pause = Duration::from_secs(seconds);
    options.limits.retries = PATIENT_RETRIES;
}

/// Limits for reading an image.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reading options")]
pub(in crate::cli) struct ImageLimits {
    /// Which digests to check
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Verify::Blob)]
    pub verify: Verify,
    /// Stop after decompressing this many bytes [default: 64 GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Stop after this many files, folders and links in all layers [default: 10000000]
    #[arg(long, value_name = "COUNT")]
    pub max_entries: Option<u64>,
}

/// Which digests to check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Verify {
    /// No digests
    None,
    /// Layers as stored (compressed)
    #[default]
    Blob,
    /// Layers as stored, and their decompressed contents
    Full,
}

pub(in crate::cli::args) fn platform(text: &str) -> Result<Platform, String> {
    text.parse().map_err(|_| "expected a platform such as `linux/amd64` or `linux/arm/v7`".to_owned())
}
