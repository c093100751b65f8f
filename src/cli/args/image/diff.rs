//! `dockopt image diff`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::choice::{ImageChoice, ImageLimits};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ImageCommand {
    /// Compare two images by line, layer, package, category, folder, file and config
    Diff(Box<Diff>),
}

#[derive(Debug, Args)]
#[command(
    after_help = "To limit growth, use `dockopt image B --baseline A --max-growth 5%`.\n\nExit codes:\n  0: both images were read, even if they differ\n  2: an image cannot be read or is damaged"
)]
pub(in crate::cli) struct Diff {
    /// The image before: an archive, a folder, or an image in the engine or a registry
    #[arg(value_name = "A")]
    pub before: String,
    /// The image after
    #[arg(value_name = "B")]
    pub after: String,
    /// The Dockerfile of A, to show the line of each layer
    #[arg(long, value_name = "PATH")]
    pub file_a: Option<PathBuf>,
    /// The Dockerfile of B
    #[arg(long, value_name = "PATH")]
    pub file_b: Option<PathBuf>,
    /// Ignore modification times and the order of files in layers
    #[arg(long)]
    pub semantic: bool,
    /// Show all rows
    #[arg(long)]
    pub all: bool,
    /// Folder depth to show
    #[arg(long, value_name = "LEVELS", default_value_t = 2)]
    pub depth: u32,
    /// Rows per list
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    pub top: usize,
    #[command(flatten)]
    pub choice: ImageChoice,
    #[command(flatten)]
    pub limits: ImageLimits,
}
