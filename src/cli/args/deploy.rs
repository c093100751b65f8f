//! Arguments of `dockopt deploy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::options::{Choice, Config, Exclude, Known};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeployCommand {
    /// Say for each service whether its containers can be replaced without a lost request
    #[command(
        after_help = "Exit codes:\n  0: every service can be replaced, or something of it is not known\n  1: a service cannot be replaced \
                      without loss, or with --strict something is not known\n  2: an error"
    )]
    Check(DeployCheck),
    /// Write files for an engine that exists, with which containers are replaced without a lost request; shows a diff by
    /// default
    #[command(
        after_help = "Exit codes:\n  0: the files are written or shown\n  1: a service cannot be replaced, or with --check a file would \
                      be written\n  2: an error"
    )]
    Emit(DeployEmit),
}

/// What replaces containers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum DeployTool {
    /// `HAProxy` in front of the containers of a compose project, and a script that switches
    Haproxy,
}

/// How requests move to the new version.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(in crate::cli) enum DeployStrategy {
    /// One container after the other
    #[default]
    Rolling,
    /// All at once
    BlueGreen,
    /// A few at first: 5, 25, 50 %
    Canary,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeployEmit {
    /// The folder of the project
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// What replaces the containers
    #[arg(long = "for", value_enum, value_name = "TOOL")]
    pub tool: DeployTool,
    /// How requests move to the new version
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY")]
    pub strategy: DeployStrategy,
    /// The folder of the script, in the folder of the project
    #[arg(long, default_value = "deploy", value_name = "DIR")]
    pub to: String,
    /// Only this service (repeatable) [default: all that can be replaced]
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Write the files
    #[arg(short, long)]
    pub write: bool,
    /// Exit with 1 if a file would be written
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
}

/// A linter of migrations that dockopt runs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum MigrationLinter {
    /// SQL of `PostgreSQL`
    Squawk,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeployCheck {
    /// The folder of the project, or a compose file
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Only this service (repeatable)
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// The commit in service, as git names it: migrations that it has not are judged [default: the
    /// newest migrations are]
    #[arg(long, value_name = "COMMIT")]
    pub since: Option<String>,
    /// Also report what this linter finds in the migrations; it runs wherever it is installed, this names one that is needed
    #[arg(long, value_enum, value_name = "LINTER")]
    pub with: Option<MigrationLinter>,
    /// Also exit with 1 where something is not known
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub exclude: Exclude,
    #[command(flatten)]
    pub known: Known,
}
