//! `dockopt image diff`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::choice::{ImageChoice, ImageLimits};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ImageCommand {
    /// Say what one image has that another one has not: by line, layer, package, category, folder, file and config
    Diff(Box<Diff>),
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 both images were read, whatever the difference; 2 one could not be read, or is \
                        damaged. A limit on growth is `dockopt image B --baseline A --max-growth 5%`.")]
pub(in crate::cli) struct Diff {
    /// The image before: an archive, a folder, an image of the engine or a registry
    #[arg(value_name = "A")]
    pub before: String,
    /// The image after
    #[arg(value_name = "B")]
    pub after: String,
    /// The Dockerfile that made A: its layers are tied to lines
    #[arg(long, value_name = "PATH")]
    pub file_a: Option<PathBuf>,
    /// The Dockerfile that made B
    #[arg(long, value_name = "PATH")]
    pub file_b: Option<PathBuf>,
    /// Times of modification, and the order of members in layers, are no difference
    #[arg(long)]
    pub semantic: bool,
    /// Show everything: lists without an end
    #[arg(long)]
    pub all: bool,
    /// Levels of folders that are shown
    #[arg(long, value_name = "LEVELS", default_value_t = 2)]
    pub depth: u32,
    /// Rows of each list
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    pub top: usize,
    #[command(flatten)]
    pub choice: ImageChoice,
    #[command(flatten)]
    pub limits: ImageLimits,
}
