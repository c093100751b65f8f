//! Arguments of `dockopt deploy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::image::ImageChoice;
use super::options::{Choice, Config, Exclude, Known};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeployCommand {
    /// Say for each service whether its containers can be replaced without a lost request
    #[command(
        after_help = "Exit codes:\n  0: every service can be replaced, or something of it is not known\n  1: a service cannot be replaced \
                      without loss, a manifest has a finding, or with --strict something is not known\n  2: an error"
    )]
    Check(DeployCheck),
    /// Write files for an engine or a cluster that exists, with which containers are replaced without a lost request; shows a
    /// diff by default
    #[command(
        after_help = "Exit codes:\n  0: the files are written or shown\n  1: a service cannot be replaced, or with --check a file would \
                      be written\n  2: an error"
    )]
    Emit(DeployEmit),
    /// Write the plan of a deployment: what changes, the risk, the steps with their commands and times, the way back, and what
    /// nobody said
    #[command(
        after_help = "Facts are gathered first; the same facts give the same plan. What is not known is an open question, never a \
                      number.\n\nExit codes:\n  0: the plan is written\n  1: it must not be carried out as it is: a service cannot be \
                      replaced, or a point of its checklist is not true\n  2: an error"
    )]
    Plan(Box<DeployPlan>),
    /// Report on the last deployment of the script that `deploy emit` writes, from its record: what it did and how long that
    /// took, whether limits were crossed, a hand-over of each service, and trends
    #[command(
        after_help = "A plan of `dockopt deploy plan --format json` is what phases are compared with. The compose file, which the hand-over \
                      takes endpoints and checks from, is that of the folder above the record.\n\nExit codes:\n  0: the report is written, \
                      whatever became of the deployment\n  2: there is no record, or it cannot be read"
    )]
    Report(DeployReport),
    /// Deploy several versions in a throw-away copy of the project on the engine, under load, and count lost requests
    #[command(
        after_help = "The copy has another name, ports that the engine chooses, empty volumes and copies of the folders that it writes \
                      to. dockopt removes only what it created; --script runs a script of yours as it is.\n\nExit codes:\n  0: no request was \
                      lost, and each version did what it should\n  1: one was lost, or a version that should have answered never did\n  2: \
                      the copy could not be started, or the engine failed"
    )]
    Verify(DeployVerify),
}

/// What replaces containers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum DeployTool {
    /// `HAProxy` in front of the containers of a compose project, and a script that switches
    Haproxy,
    /// A stack file: Swarm starts new containers first, watches them, and rolls back
    Swarm,
}

/// What files are written for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum EmitTool {
    /// `HAProxy` in front of the containers of a compose project, and a script that switches
    Haproxy,
    /// A stack file: Swarm starts new containers first, watches them, and rolls back
    Swarm,
    /// Manifests: Deployments with probes made of the healthchecks, Services, Jobs, `ConfigMaps`; no cluster is asked
    Kubernetes,
    /// One template of `CloudFormation` for ECS on Fargate; no account is asked
    Ecs,
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
    pub tool: EmitTool,
    /// How requests move to the new version
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY")]
    pub strategy: DeployStrategy,
    /// The folder of the files, in the folder of the project
    #[arg(long, default_value = "deploy", value_name = "DIR")]
    pub to: String,
    /// Only this service (repeatable) [default: all that can be replaced]
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Say for each field of a cluster's files why it is there, instead of a diff
    #[arg(long)]
    pub explain: bool,
    /// Write the files
    #[arg(short, long)]
    pub write: bool,
    /// Exit with 1 if a file would be written
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeployPlan {
    /// The folder of the project
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The image in service; `running`: that of the container on the engine
    #[arg(long, default_value = "running", value_name = "IMAGE")]
    pub from: String,
    /// The image that is deployed: a name on the engine or in a registry, an archive
    #[arg(long, value_name = "IMAGE", required_unless_present = "facts")]
    pub to: Option<String>,
    /// What replaces the containers
    #[arg(long = "for", value_enum, default_value = "haproxy", value_name = "TOOL")]
    pub tool: DeployTool,
    /// How requests move to the new version
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY")]
    pub strategy: DeployStrategy,
    /// A service of the image, where its name does not tell which
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// The folder of the script, in the folder of the project
    #[arg(long, default_value = "deploy", value_name = "DIR")]
    pub folder: String,
    /// The record of earlier deployments [default: record.jsonl in the folder of the script]
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// What `deploy verify --format json` wrote: its times on a copy stand in for deployments on record
    #[arg(long, value_name = "FILE")]
    pub verified: Option<PathBuf>,
    /// Take the facts from here instead of gathering them: a plan as JSON, or its `facts`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "from", "service", "record", "verified"])]
    pub facts: Option<PathBuf>,
    #[command(flatten)]
    pub answers: PlanAnswerArguments,
    #[command(flatten)]
    pub choice: ImageChoice,
}

/// What no file says.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers to open questions")]
pub(in crate::cli) struct PlanAnswerArguments {
    /// When the deployment begins
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The command that migrates the database, run in a container of the new image
    #[arg(long, value_name = "COMMAND")]
    pub migrate: Option<String>,
    /// The command that backs up the database
    #[arg(long, value_name = "COMMAND")]
    pub backup: Option<String>,
    /// The command that tests a new container before it gets requests
    #[arg(long, value_name = "COMMAND")]
    pub smoke: Option<String>,
    /// The command that is told the result, in RESULT
    #[arg(long, value_name = "COMMAND")]
    pub notify: Option<String>,
    /// Where errors of users are seen, and for how long
    #[arg(long, value_name = "TEXT")]
    pub monitor: Option<String>,
    /// Who approves
    #[arg(long, value_name = "NAME")]
    pub approver: Option<String>,
    /// The pipeline passed for the new image
    #[arg(long)]
    pub passed: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeployReport {
    /// The record that the script writes
    #[arg(default_value = "deploy/record.jsonl")]
    pub record: PathBuf,
    /// The folder of the project [default: the one above the record's, where it has a compose file]
    #[arg(long, value_name = "FOLDER")]
    pub project: Option<PathBuf>,
    /// Compare with this plan, which `dockopt deploy plan --format json` wrote
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Only this service
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Show only the last N runs
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub last: u32,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeployVerify {
    /// The folder of the project
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How requests move to the new version
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY", conflicts_with = "script")]
    pub strategy: DeployStrategy,
    /// Only this service (repeatable) [default: all that can be replaced]
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// The image of version 2 [default: that of version 1 with another label and variable]
    #[arg(long, value_name = "IMAGE", conflicts_with = "script")]
    pub image: Option<String>,
    /// Run this script of yours instead of the one that `deploy emit` writes, in a copy of the folder; it gets VERSION
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Path to ask for (repeatable) [default: those of the healthcheck, behind what the proxy passes on]
    #[arg(long = "path", value_name = "PATH", value_parser = url_path)]
    pub paths: Vec<String>,
    /// The `Host` of requests [default: localhost]
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub host: Option<String>,
    /// Path that takes seconds [default: a request whose body takes seconds]
    #[arg(long, value_name = "PATH", value_parser = url_path)]
    pub slow_path: Option<String>,
    /// Path that opens a `WebSocket`, which is held until it is cut; counted by itself
    #[arg(long, value_name = "PATH", value_parser = url_path)]
    pub websocket_path: Option<String>,
    /// Requests to send at least
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub requests: u64,
    /// Seconds for a start, and for a run of the script; builds and pulls have a limit of 30 minutes
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub timeout: u64,
    /// Remove the leftovers of interrupted runs, then exit
    #[arg(long, conflicts_with_all = ["path"])]
    pub clean_up: bool,
    /// Arguments of the script
    #[arg(last = true, requires = "script", value_name = "ARGUMENT")]
    pub arguments: Vec<String>,
}

fn url_path(text: &str) -> Result<String, String> {
    let is_plain = text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic());
    if is_plain { Ok(text.to_owned()) } else { Err("write a path of a URL, such as /health".to_owned()) }
}

fn host_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("write a name, such as example.com".to_owned())
    }
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
