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
