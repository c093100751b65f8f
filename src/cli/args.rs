//! What can be typed. Each help text is the documentation of its option.

mod help;
mod image;
mod measure;
mod optimize;
mod options;

pub(super) use self::image::{BudgetFlags, Diff, Image, ImageChoice, ImageCommand, ImageLimits, Origin, Verify};
pub(super) use self::measure::{Builds, Measure};
pub(super) use self::optimize::{Optimize, Proving};
pub(super) use self::options::{
    Build, Choice, Color, Config, FailOn, Global, Known, Shellcheck, Threshold, build_args,
};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Makes Docker builds small and fast, and proves it.
#[derive(Debug, Parser)]
#[command(name = "dockopt", version, about, max_term_width = 100, propagate_version = false)]
#[command(
    after_help = "Exit codes: 0 clean; 1 findings at --fail-on or above, or --check left work; 2 the work could \
                        not be done."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// What can be typed, with the help of each command.
pub(super) fn command() -> clap::Command {
    help::add_help(Cli::command())
}

/// Reads a command line, the program's own name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let command = command();
    let matches = command.clone().try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    help::check_format(&command, &matches, cli.global.format)?;
    Ok(cli)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find the builds under a path and print what costs most, with the fixes ready
    Audit(Audit),
    /// Check Dockerfiles with the rules only; for editors and pre-commit
    Lint(Lint),
    /// Apply the fixes of findings; shows them as a diff unless told otherwise
    Fix(FixArgs),
    /// Rewrite a whole build, and prove that the program still works
    Optimize(Box<Optimize>),
    /// Build for real, cold and after changes, and print times and sizes
    Measure(Box<Measure>),
    /// Show what an image is made of, what of it is wasted, and by which line
    Image(Box<Image>),
    /// Print a rule's page, or list the rules of a category
    Explain(Explain),
    /// List the rules
    Rules(Rules),
    /// Look at the build context
    Context {
        #[command(subcommand)]
        command: ContextCommand,
    },
    /// For tests of dockopt itself
    #[command(hide = true)]
    Debug {
        #[command(subcommand)]
        command: Debug,
    },
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Folder or Dockerfile to look at
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show all findings, also those that cost little
    #[arg(long)]
    pub all: bool,
    /// An image that was built from the Dockerfile: its bytes are the findings' prices; `auto` finds it in the engine
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub shellcheck: Shellcheck,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub threshold: Threshold,
    #[command(flatten)]
    pub known: Known,
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Dockerfiles; `-` reads standard input [default: Dockerfile]
    pub files: Vec<PathBuf>,
    /// What messages call standard input; its folder gives the .dockerignore
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub shellcheck: Shellcheck,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub threshold: Threshold,
    #[command(flatten)]
    pub known: Known,
    /// Count the findings per rule instead of showing them
    #[arg(long, help_heading = "Options of adoption")]
    pub statistics: bool,
    /// Write `# dockopt ignore` comments that hide the findings which count for the exit code
    #[arg(
        long,
        value_name = "REASON",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "found when dockopt was introduced",
        conflicts_with_all = ["statistics", "baseline", "write_baseline"],
        help_heading = "Options of adoption"
    )]
    pub add_ignores: Option<String>,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Flags as users type them.
pub(super) struct FixArgs {
    /// Folders or Dockerfiles
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Show what would change, change nothing (the default)
    #[arg(long, conflicts_with = "write")]
    pub diff: bool,
    /// Change the files
    #[arg(long)]
    pub write: bool,
    /// Change nothing, show nothing, exit with 1 if something would change
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Apply fixes too that may change what the image does
    #[arg(long)]
    pub r#unsafe: bool,
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule's name, its name in another linter (DL3009), or a category or group of rules
    pub rule: String,
}

#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Rules to list: names, aliases, categories, groups, `default` or `all` [default: all]
    pub names: Vec<String>,
    #[command(flatten)]
    pub choice: Choice,
}

#[derive(Debug, Subcommand)]
pub(super) enum ContextCommand {
    /// List what the builder is sent and what each COPY takes
    Ls(Ls),
}

#[derive(Debug, Args)]
pub(super) struct Ls {
    /// The context's folder
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// List all entries that are known, not only the largest
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub build: Build,
}

#[derive(Debug, Subcommand)]
pub(super) enum Debug {
    /// Answer a file of test vectors (JSON lines)
    Vectors { kind: String, file: PathBuf },
    /// Print what was parsed, as JSON
    Syntax { file: PathBuf },
}
