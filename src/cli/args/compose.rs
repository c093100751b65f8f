//! `dockopt compose`.

mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(in crate::cli) use self::verify::ComposeVerify;
use super::fix::{FixArgs, FixMode};
use super::options::{Build, Choice, Config, Exclude, Known, Threshold};
use crate::compose::project::listed_files;
use crate::load::ComposeOptions;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ComposeCommand {
    /// Check compose files: health checks, start order, and errors that make `docker compose up` fail
    Check(ComposeCheck),
    /// Fix findings in compose files; shows a diff by default
    Fix(ComposeFix),
    /// Show the start order of services, and the longest time until all are ready
    Graph(ComposeGraph),
    /// Write a compose file for a repository, or complete the existing one; shows a diff by default
    Emit(ComposeEmit),
    /// Start a project on the engine and prove that its services become ready in the right order
    Verify(ComposeVerify),
    /// Find variables that are missing, unused, different between environments, or secret and tracked by git
    Env(ComposeEnv),
}

/// Which compose files are looked at, and how `docker compose` is called for them.
#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeProjects {
    /// Compose files, or folders to search for them [default: the files that `COMPOSE_FILE` names, else .]
    paths: Vec<PathBuf>,
    /// Compose file, as in `docker compose -f`; not with PATHS (repeatable)
    #[arg(short = 'f', long = "file", value_name = "FILE", conflicts_with = "paths")]
    files: Vec<PathBuf>,
    /// File with variables instead of `.env` (repeatable)
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// Profile to activate (repeatable)
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,
}

impl ComposeProjects {
    /// What to search, and what to read it as.
    pub(in crate::cli) fn into_options(self) -> (Vec<PathBuf>, ComposeOptions) {
        let Self { paths, mut files, env_files, profiles } = self;
        if paths.is_empty() && files.is_empty() {
            let variables = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
            let variables = ["COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"].into_iter().filter_map(variables);
            files = listed_files(&variables.collect(), None).into_iter().map(PathBuf::from).collect();
        }
        let paths = if paths.is_empty() { vec![PathBuf::from(".")] } else { paths };
        (paths, ComposeOptions { files, env_files, profiles })
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeEnv {
    #[command(flatten)]
    pub project: ComposeProjects,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "options of a command line")]
pub(in crate::cli) struct ComposeEmit {
    /// The folder of the project
    #[arg(default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// Write the compose file, and the files that it needs, such as .env.example
    #[arg(short, long)]
    pub write: bool,
    /// Exit with 1 if a file would be written
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Also write compose.prod.yaml: limits for log size and memory
    #[arg(long)]
    pub prod: bool,
    /// Also write compose.dev.yaml: published ports, and servers that restart when a source changes
    #[arg(long)]
    pub dev: bool,
    /// Also write compose.dev.yaml with rules for `docker compose watch`: what to copy, and when to rebuild
    #[arg(long)]
    pub watch: bool,
    /// Also add to the justfile the recipes that it lacks: to start, check, migrate and reset the services, and to run tests
    #[arg(long)]
    pub just: bool,
    /// Print why each service and key is there, instead of the diff
    #[arg(long)]
    pub explain: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeGraph {
    #[command(flatten)]
    pub project: ComposeProjects,
    /// How the graph is drawn
    #[arg(long, value_enum, default_value_t = GraphStyleArgument::Levels, value_name = "STYLE")]
    pub style: GraphStyleArgument,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum GraphStyleArgument {
    /// Levels, one below the other
    Levels,
    /// A flowchart for Mermaid
    Mermaid,
    /// A graph for Graphviz
    Dot,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeCheck {
    #[command(flatten)]
    pub project: ComposeProjects,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
    #[command(flatten)]
    pub threshold: Threshold,
    #[command(flatten)]
    pub known: Known,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ComposeFix {
    #[command(flatten)]
    pub project: ComposeProjects,
    #[command(flatten)]
    pub mode: FixMode,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
}

impl ComposeFix {
    /// The same as arguments of `fix`.
    pub(in crate::cli) fn into_fix(self) -> FixArgs {
        let (mut paths, compose) = self.project.into_options();
        if !compose.files.is_empty() {
            paths.truncate(1);
        }
        FixArgs {
            paths,
            stdin_filename: None,
            compose,
            mode: self.mode,
            build: Build::default(),
            choice: self.choice,
            config: self.config,
            exclude: self.exclude,
        }
    }
}
