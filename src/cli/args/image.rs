//! `dockopt image`.

mod budget;
mod choice;
mod diff;

pub(in crate::cli) use self::budget::BudgetFlags;
pub(in crate::cli) use self::choice::{ImageChoice, ImageLimits, Verify};
pub(in crate::cli) use self::diff::{Diff, ImageCommand};

use std::path::PathBuf;

use clap::Args;

use super::options::FailOn;
use crate::settings::bytes_of;

#[derive(Debug, Args)]
#[command(
    after_help = "A bare name is looked up as a file, then in the engine, then in its registry; `file:`, `oci:`, `docker:` \
                        and `registry:` force one.\n\nExit codes: 0 the image was read; 1 findings at --fail-on or above, or a \
                        budget is broken; 2 it could not be read, is damaged, or a limit can't be judged.",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(in crate::cli) struct Image {
    #[command(subcommand)]
    pub command: Option<ImageCommand>,
    /// Archives and folders (docker save, podman save, OCI), `-` for standard input, images of the engine or a registry
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
    /// Rules about images to run: names, categories, `default` or `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Rules about images not to run; the more specific of --select and --ignore wins
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Exit with 1 when something worth a change is at least so severe
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::None)]
    pub fail_on: FailOn,
}

/// Where the image comes from.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of the build")]
pub(in crate::cli) struct Origin {
    /// The Dockerfile that made it: layers are tied to its lines
    #[arg(short, long, alias = "dockerfile", value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// The stage that was built
    #[arg(long, value_name = "STAGE", requires = "file")]
    pub target: Option<String>,
    /// A build argument; without a value it comes from the environment
    #[arg(long, value_name = "NAME[=VALUE]", requires = "file")]
    pub build_arg: Vec<String>,
    /// The context's folder [default: the Dockerfile's]
    #[arg(long, value_name = "PATH", requires = "file")]
    pub context: Option<PathBuf>,
    /// The base image, named as the image is: what it shares with the image is not the image's own
    #[arg(long, value_name = "IMAGE")]
    pub base: Option<String>,
}

/// What is shown.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of the command line.
#[command(next_help_heading = "Options of the view")]
pub(in crate::cli) struct View {
    /// Look around on the terminal: layers, files, waste; extract a file
    #[arg(long)]
    pub explore: bool,
    /// Show everything: layers of the base one by one, lists without an end
    #[arg(long)]
    pub all: bool,
    /// Levels of folders that are shown
    #[arg(long, value_name = "LEVELS", default_value_t = 2)]
    pub depth: u32,
    /// Rows of each list
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    pub top: usize,
    /// A category of useless files that is no concern here; may be given several times
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',')]
    pub no_category: Vec<String>,
    /// Don't work out packages
    #[arg(long)]
    pub no_packages: bool,
    /// Don't look for equal contents
    #[arg(long)]
    pub no_duplicates: bool,
    /// Rates to work out the time of a pull for, in bits per second: `100M`
    #[arg(long, value_name = "RATE", value_delimiter = ',', value_parser = rate, default_value = "100M")]
    pub bandwidth: Vec<u64>,
}

/// Bits per second: `100M`, `1.5Gbit`, `20Mbit/s`.
fn rate(text: &str) -> Result<u64, String> {
    let bare = text.trim_end_matches("/s").trim_end_matches("ps").trim_end_matches("bit");
    bytes_of(bare).filter(|rate| *rate > 0).ok_or_else(|| "it is written `100M` or `1G`, in bits per second".to_owned())
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
