//! Options by which images are chosen and read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::budget::size;
use crate::image::Platform;

/// Which images of what a name holds.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of the image")]
pub(in crate::cli) struct ImageChoice {
    /// The platform, where there are several [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", value_parser = platform, conflicts_with = "all_platforms")]
    pub platform: Option<Platform>,
    /// Look at the images of all platforms
    #[arg(long)]
    pub all_platforms: bool,
    /// The image of an archive that holds several
    #[arg(long = "ref", value_name = "NAME")]
    pub reference: Option<String>,
    /// Read manifest and config only: sizes and history, no files
    #[arg(long)]
    pub sizes_only: bool,
    /// Trust the authorities of a file (PEM) when a registry is asked, besides those of the system
    #[arg(long, value_name = "FILE")]
    pub registry_ca: Vec<PathBuf>,
    /// Ask a registry without TLS, or whatever its certificate is
    #[arg(long, value_name = "HOST[:PORT]")]
    pub insecure_registry: Vec<String>,
}

/// What an image may cost to read.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct ImageLimits {
    /// How far digests are checked
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Verify::Blob)]
    pub verify: Verify,
    /// Bytes that come out of all that is compressed: layers, whole archives [default: 64 GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Files, folders and links of all layers [default: 10000000]
    #[arg(long, value_name = "COUNT")]
    pub max_entries: Option<u64>,
}

/// How far digests are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Verify {
    /// Not at all
    None,
    /// Blobs, as they are stored
    #[default]
    Blob,
    /// Blobs, and what they hold when it is uncompressed
    Full,
}

fn platform(text: &str) -> Result<Platform, String> {
    text.parse().map_err(|_| "it is written `linux/amd64` or `linux/arm/v7`".to_owned())
}
