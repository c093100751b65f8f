//! The command line. The doc comments are the help texts.

mod cache;
mod ci;
mod completions;
mod compose;
mod deploy;
mod fix;
mod fleet;
mod help;
mod history;
mod image;
mod init;
mod measure;
mod optimize;
mod options;
mod report;

pub(super) use self::cache::{CacheCommand, CacheHistory, CachePredict, ExplainLog, ImageStore};
pub(super) use self::ci::{CiCheck, CiCommand, CiEmit, DeployArgument, PipelineArgument};
pub(super) use self::completions::{Completions, Man};
pub(super) use self::compose::{
    ComposeCheck, ComposeCommand, ComposeEmit, ComposeEnv, ComposeGraph, ComposeVerify, GraphStyleArgument,
};
pub(super) use self::deploy::{
    DeployCheck, DeployCommand, DeployEmit, DeployPlan, DeployReport, DeployStrategy, DeployTool, DeployVerify,
    EmitTool,
};
pub(super) use self::fix::FixArgs;
pub(super) use self::fleet::{
    FleetChecks, FleetCommand, FleetEmit, FleetList, FleetReport, FleetRun, FleetTableArgument, ProgressForm,
    TagSelection,
};
pub(super) use self::history::History;
pub(super) use self::image::{
    Diff, Image, ImageChoice, ImageCommand, ImageLimits, Origin, Table, Verify, set_patience,
};
pub(super) use self::init::{CiSystem, Init};
pub(super) use self::measure::{Builds, Case, Measure};
pub(super) use self::optimize::{Optimize, Proving};
pub(super) use self::options::{
    Build, Choice, Color, Config, Exclude, FailOn, Global, Known, Shellcheck, Threshold, build_args,
};
pub(super) use self::report::{CommentSite, Report};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Makes Docker images smaller and builds faster.
#[derive(Debug, Parser)]
#[command(name = "dockopt", version, about, max_term_width = 100, propagate_version = false)]
#[command(
    after_help = "Exit codes:\n  0: success\n  1: a finding at least as severe as --fail-on, a Dockerfile that BuildKit rejects \
                  (except with --fail-on none), an exceeded budget, or --check found something to change\n  2: an error\n\n\
                  If a command uses the exit codes differently, its help says so."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// The command line, with the help of each command.
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
    /// Show what costs most in the builds under a folder, and how to fix it
    Audit(Audit),
    /// Check Dockerfiles and compose files against the rules, also in editors and pre-commit
    Lint(Lint),
    /// Fix findings; shows a diff by default
    Fix(FixArgs),
    /// Rewrite a whole build; `--verify` checks that the application still works
    Optimize(Box<Optimize>),
    /// Run real builds, cold and after changes, and print times and sizes
    Measure(Box<Measure>),
    /// Show what an image contains and wastes, and which Dockerfile line wrote each part
    Image(Box<Image>),
    /// Show which steps come from the build cache, and why the others rerun
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Check and fix how pipelines build, start and push images
    Ci {
        #[command(subcommand)]
        command: Box<CiCommand>,
    },
    /// Check, fix, write and verify compose files
    Compose {
        #[command(subcommand)]
        command: Box<ComposeCommand>,
    },
    /// Check whether services can be replaced while they are used
    Deploy {
        #[command(subcommand)]
        command: Box<DeployCommand>,
    },
    /// Join JSON results, compare them with a baseline, and write one report for a pull request
    Report(Box<Report>),
    /// Show how sizes, times and findings changed over time, and which commits made them worse
    History(History),
    /// Check many repositories and images in shards, and join their results
    Fleet {
        #[command(subcommand)]
        command: Box<FleetCommand>,
    },
    /// Set up CI, pre-commit and settings of a repository; shows a diff by default
    Init(Init),
    /// Print the documentation of a rule, or list the rules of a category
    Explain(Explain),
    /// List the rules
    Rules(Rules),
    /// Serve an editor: findings with prices, fixes, hover, completion
    Lsp(Lsp),
    /// List the files that are sent to the builder
    Context {
        #[command(subcommand)]
        command: ContextCommand,
    },
    /// Print the script that completes commands and options in a shell
    Completions(Completions),
    /// Print the manual page of a command, or write all pages
    Man(Man),
    /// Used by dockopt's own tests
    #[command(hide = true)]
    Debug {
        #[command(subcommand)]
        command: Debug,
    },
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    #[command(flatten)]
    pub build: Build,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub shellcheck: Shellcheck,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
    /// Print the settings of each file and where they are set; check nothing
    #[arg(long, help_heading = "Settings options")]
    pub show_settings: bool,
    /// Check again when a file changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["show_settings", "write_baseline", "prune_baseline"])]
    pub watch: bool,
    #[command(flatten)]
    pub threshold: Threshold,
    #[command(flatten)]
    pub known: Known,
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Folder or Dockerfile to check
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show all findings, builds and notes, including those that cost little
    #[arg(long)]
    pub all: bool,
    /// Image that was built from the Dockerfile, to measure sizes in; `auto` finds it in the engine
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// Do not compute from git history how often steps would have rerun
    #[arg(long)]
    pub no_history: bool,
    /// Build log in any supported format, or JSON of `dockopt measure`, to show how long the steps take
    #[arg(long, value_name = "LOG")]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub check: CheckOptions,
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Dockerfiles, compose files, or folders to search for them; `-` reads standard input [default: Dockerfile]
    pub files: Vec<PathBuf>,
    /// File name of standard input in messages; .dockerignore and settings are read from its folder
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    #[command(flatten)]
    pub check: CheckOptions,
    /// Show the number of findings per rule instead of the findings
    #[arg(long, help_heading = "Options for existing projects")]
    pub statistics: bool,
    /// Write `# dockopt ignore` comments into the files, for findings at least as severe as --fail-on
    #[arg(
        long,
        value_name = "REASON",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "found when dockopt was introduced",
        conflicts_with_all = ["statistics", "baseline", "write_baseline", "watch"],
        help_heading = "Options for existing projects"
    )]
    pub add_ignores: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Lsp {
    /// Speak over standard input and output, the only way there is; editors pass it
    #[arg(long)]
    pub stdio: bool,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule name, a code of another linter (DL3009), a category or a group
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
    /// List what is sent to the builder and what each COPY copies
    Ls(Ls),
}

#[derive(Debug, Args)]
pub(super) struct Ls {
    /// Folder of the build context
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// List all known entries, not only the largest
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub build: Build,
}

#[derive(Debug, Subcommand)]
pub(super) enum Debug {
    /// Run a file of test vectors (JSON lines)
    Vectors { kind: String, file: PathBuf },
    /// Print the parsed file as JSON
    Syntax { file: PathBuf },
    /// Print compose files as `docker compose config --format json` does
    Compose(ComposeArguments),
}

#[derive(Debug, Args)]
pub(super) struct ComposeArguments {
    /// Compose files; later files override earlier ones
    pub files: Vec<PathBuf>,
    /// Another compose file (repeatable)
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub more: Vec<PathBuf>,
    /// File with variables instead of `.env` (repeatable)
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
    /// Profile to activate (repeatable)
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Name of the project
    #[arg(short, long, value_name = "NAME")]
    pub project_name: Option<String>,
    /// Folder of the project [default: that of the first file]
    #[arg(long, value_name = "FOLDER")]
    pub project_directory: Option<PathBuf>,
}
