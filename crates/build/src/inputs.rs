//! The ground state as plain data: what was read, and nothing that follows from it. Everything but the Dockerfile is
//! optional: what nobody looked at is `None`, which is not the same as empty.

mod changed_inputs;
mod checked_sources;
mod commit_changes;
mod compose_input;
mod compose_start;
mod compose_use;
mod context_place;
mod date;
mod evidence;
mod external;
mod inputs_part;
mod local_url;
mod migration_input;
mod needs;
mod neighbour_images;
mod run_times;
mod missing_paths;
mod service;
mod shellcheck;
mod workflow_input;
mod workload_input;

pub use self::checked_sources::{CheckedSources, ContextFiles, EarlyAck, checked_sources};
pub use self::commit_changes::CommitChanges;
pub use self::compose_input::{
    ComposeInput, ComposeReading, MissingDockerfile, ProjectProblem, ProxyConfiguration, missing_dockerfiles,
    patient_services, proxy_configurations,
};
pub use self::compose_start::{ComposeStart, FileCall};
pub use self::compose_use::{ComposeUse, ScriptUse};
pub use self::context_place::ContextPlace;
pub use self::date::Date;
pub use self::evidence::{CleanClone, Evidence, ObservedRun, VendoredModules};
pub use self::external::{ExternalFinding, ExternalGap, ExternalSeverity};
pub use self::inputs_part::{BuildGroups, InputsPart};
pub use self::local_url::{LocalUrl, local_urls};
pub use self::migration_input::MigrationInput;
pub use self::missing_paths::{MissingPath, NamedPath, PathUse, committed_files, missing_paths, named_paths};
pub use self::needs::{Need, Needs};
pub use self::neighbour_images::{NeighbourImages, images};
pub use self::run_times::{RunTimes, TypicalTime, read_runs};
pub use self::service::Service;
pub use self::shellcheck::{ShellcheckAnswers, ShellcheckComment, ShellcheckLevel};
pub use self::workflow_input::{Repository, WorkflowInput};
pub use self::workload_input::{ProbedSources, WorkloadInput, WorkloadProject, probe_paths, probed_sources};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::buildlog::StepSeconds;
use crate::dockerfile::{self, File, Template};
use crate::ignore::IgnoreFile;
use crate::inputs::context::BuildContext;
use crate::manifest::Project;
use crate::text::{FileId, LineColumn, Source};

pub mod context;

/// Everything that one run may know.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The path that was asked for, as the user typed it.
    pub root: String,
    /// All texts that spans refer to, by [`FileId`].
    pub sources: Vec<Source>,
    /// The builds, in the order of their Dockerfiles' names.
    pub builds: Vec<BuildInput>,
    /// The compose files that are checked, in the order of their names.
    pub composes: Vec<ComposeInput>,
    /// The pipelines that are checked, in the order of their names.
    pub workflows: Vec<WorkflowInput>,
    /// The manifests of platforms that start containers, in the order of their names.
    pub workloads: WorkloadProject,
    /// The folder that was asked for, where it was to be listed and no Dockerfile takes anything from it.
    pub folder: Option<Folder>,
    /// Today, for tables that age; `None` where nobody gave it.
    pub today: Option<Date>,
    /// The settings in force for each Dockerfile, the file that counts least first.
    pub settings: BTreeMap<FileId, Vec<SettingsInput>>,
    /// Whether settings could not be read, so that nothing may be said under them.
    pub unsettled: bool,
    /// What could not be read, and what is odd about it.
    pub problems: Vec<InputProblem>,
    /// What was found or guessed without being asked for.
    pub notices: Vec<String>,
    /// What images tell of the lines of the Dockerfiles that they were built from.
    pub measured: BTreeMap<FileId, MeasuredImage>,
    /// How often steps ran in the last commits, by Dockerfile; empty where nobody looked at the history.
    pub histories: BTreeMap<FileId, StepHistory>,
    /// What a build log tells of the lines of the Dockerfiles.
    pub timed: BTreeMap<FileId, TimedSteps>,
    /// What other linters find in the pipelines.
    pub external: Vec<ExternalFinding>,
    /// What they did not look at.
    pub external_gaps: Vec<ExternalGap>,
    /// What the last commits of the pipelines' repository changed; `None` where nobody looked, or there is none.
    pub changes: Option<Arc<CommitChanges>>,
    /// The migrations of the databases; `None` where nobody looked.
    pub migrations: Option<Arc<MigrationInput>>,
    /// How long jobs and steps of earlier runs took; `None` where nobody gave it.
    pub run_times: Option<Arc<RunTimes>>,
}

impl Inputs {
    /// Takes a source and names it.
    pub fn add(&mut self, source: Source) -> FileId {
        self.sources.push(source);
        FileId(self.sources.len() as u32 - 1)
    }

    /// The source behind an id.
    ///
    /// # Panics
    /// When the id is of another run.
    pub fn source(&self, file: FileId) -> &Source {
        &self.sources[file.0 as usize]
    }
}

/// A folder as a build context that nobody has taken anything from yet.
#[derive(Clone, Debug)]
pub struct Folder {
    /// What a COPY of all of it would send.
    pub context: Arc<BuildContext>,
    /// The .dockerignore in force, as the user would type it.
    pub ignore_file: Option<String>,
}

/// One Dockerfile and what it is built with.
#[derive(Clone, Debug)]
pub struct BuildInput {
    /// The Dockerfile's source.
    pub dockerfile: FileId,
    /// Its path below the folder that was asked for: what lies above says nothing of it.
    pub place: String,
    /// The Dockerfile as read.
    pub file: File,
    /// What makes the Dockerfile of this text, where a program does: it is read as far as it is one.
    pub template: Option<Template>,
    /// The services of compose files and targets of bake files that are known to build it, by their names.
    pub services: Vec<String>,
    /// That compose or bake file, as the user would type it.
    pub recipe: Option<String>,
    /// The line of a makefile, script or workflow that is known to build it, as the user would type it: `ci.yml:12`.
    pub built_by: Option<String>,
    /// What the builder would be told.
    pub options: BuildOptions,
    /// The context's folder, as the user would type it; `None` for a text without a place (standard input).
    pub context_root: Option<String>,
    /// What a reader should know about the choice of that folder.
    pub context_notice: Option<String>,
    /// Which other folders files of the project name: a clause. Where it is set, the context may be another.
    pub context_doubt: Option<String>,
    /// The .dockerignore in force.
    pub ignore: IgnoreInput,
    /// What the builder is sent.
    pub context: Option<Arc<BuildContext>>,
    /// The beginnings of files in the context, by their paths: those that a container starts with, and those that look
    /// like secrets.
    pub texts: Option<Arc<BTreeMap<String, Vec<u8>>>>,
    /// What the manifests in the context tell.
    pub projects: Option<Arc<Vec<Project>>>,
    /// Configs of base images, by reference as the Dockerfile names it (variables resolved).
    pub base_images: BTreeMap<String, ImageConfig>,
    /// What `ShellCheck` says about the scripts.
    pub shellcheck: Option<Arc<ShellcheckAnswers>>,
    /// What git records of the context's files.
    pub git: Option<Arc<GitModes>>,
}

/// Files of a context whose executable bit is not the one that git records, in a work tree where git does not look at it
/// (`core.fileMode=false`). None outside of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitModes {
    /// Whether git records the file as executable, by its path in the context.
    pub executable: BTreeMap<String, bool>,
}

impl BuildInput {
    /// The build of a Dockerfile whose surroundings nobody has looked at.
    pub fn new(source: &Source, options: BuildOptions) -> Self {
        Self {
            dockerfile: FileId(0),
            place: source.name().to_owned(),
            file: dockerfile::parse(source),
            template: None,
            services: Vec::new(),
            recipe: None,
            built_by: None,
            options,
            context_root: None,
            context_notice: None,
            context_doubt: None,
            ignore: IgnoreInput::Unknown,
            context: None,
            texts: None,
            projects: None,
            base_images: BTreeMap::new(),
            shellcheck: None,
            git: None,
        }
    }
}

/// The builder's own flags, with the builder's meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`, in order.
    pub build_args: Vec<(String, String)>,
    /// `--build-context`, in order.
    pub build_contexts: Vec<(String, String)>,
    /// `--platform`.
    pub platform: Option<String>,
    /// How a compose file runs what it builds.
    pub run: RunOptions,
}

/// What a compose file says of a container, beyond the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools)] // independent facts
pub struct RunOptions {
    /// `user`, as written: of one service at least.
    pub user: Option<String>,
    /// `stop_signal`, as written: of all services.
    pub stop_signal: Option<String>,
    /// Whether all services start it below an init (`init: true`).
    pub has_init: bool,
    /// Whether a service gives it rights that only root can use: `privileged`, `cap_add`, `devices`.
    pub has_rights: bool,
    /// Whether a service has the network of the host or of another container, or a variable says all addresses (`0.0.0.0`).
    pub is_opened: bool,
    /// Whether all services are started by hand only, and nobody calls them.
    pub is_on_demand: bool,
    /// Paths in the container that services mount to write to.
    pub mounts: Vec<String>,
    /// The commands of the services' healthchecks.
    pub checks: Vec<String>,
    /// Whether the environment of a service says that it runs for developers: `APP_ENV: dev`.
    pub is_for_development: bool,
    /// The words of `entrypoint` and `command` of each service that has any.
    pub commands: Vec<Vec<String>>,
    /// The variables of all services that are numbers, such as ports.
    pub numbers: Vec<(String, String)>,
    /// Whether a service is given variables that are not known: their file is missing.
    pub lacks_variables: bool,
}

/// A file of settings, as it holds for one Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingsInput {
    /// Its text.
    pub file: FileId,
    /// How it is written.
    pub format: SettingsFormat,
    /// The Dockerfile's path below the file's folder, with slashes.
    pub path: String,
    /// Whether the run looks at all that the file's folder holds.
    pub whole: bool,
}

/// How a file of settings is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingsFormat {
    /// `dockopt.toml`.
    Dockopt,
    /// `.hadolint.yaml`.
    Hadolint,
}

/// The .dockerignore of a build.
#[derive(Clone, Debug, Default)]
pub enum IgnoreInput {
    /// Nobody looked.
    #[default]
    Unknown,
    /// There is none; the path where it would stand, as the user would type it.
    Missing(String),
    /// It is this source.
    Present(FileId, Arc<IgnoreFile>),
}

/// What an image's config gives to a stage that stands on it (OCI image spec, config).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// Variables in order.
    pub env: Vec<(String, String)>,
    /// `USER`; empty for root.
    pub user: String,
    /// `WORKDIR`; empty for `/`.
    pub workdir: String,
    /// `SHELL`, where the image sets one.
    pub shell: Option<Vec<String>>,
    /// `ENTRYPOINT`.
    pub entrypoint: Option<Vec<String>>,
    /// `CMD`.
    pub cmd: Option<Vec<String>>,
    /// `HEALTHCHECK`'s test.
    pub healthcheck: Option<Vec<String>>,
    /// `EXPOSE`.
    pub exposed: Vec<String>,
}

/// How often the steps of a Dockerfile would have run in the last commits of its repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepHistory {
    /// Commits that it builds.
    pub builds: u32,
    /// Those in which a step certainly runs, by the step's first line.
    pub reruns: BTreeMap<u32, u32>,
    /// Those in which it runs only because the Dockerfile or its .dockerignore is among the files that it takes.
    pub definition_only: BTreeMap<u32, u32>,
    /// The newest of the commits, the oldest first.
    pub commits: Vec<String>,
    /// What became of a step at each of `commits`, by the step's first line; `None` where there is no such step.
    pub runs: BTreeMap<u32, Vec<Option<StepRun>>>,
}

/// What becomes of a step at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRun {
    /// Its result is in the cache.
    Cached,
    /// That depends on the results of other stages.
    MayRun,
    /// It runs.
    Runs,
}

impl StepHistory {
    /// The number of commits in which the step at or above this line ran; `None` if no step is at or above it.
    pub fn reruns_at(&self, line: u32) -> Option<u32> {
        self.reruns.range(..=line).next_back().map(|(_, reruns)| *reruns)
    }
}

/// What an image tells of the lines of its Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasuredImage {
    /// What it is called.
    pub name: String,
    /// First lines of the instructions whose layers are known and were read.
    pub lines: BTreeSet<u32>,
    /// Of these, those that made bytes useless of which it is not known who wrote them.
    pub doubtful_lines: BTreeSet<u32>,
    /// Bytes that need not be in it.
    pub bytes: Vec<MeasuredBytes>,
    /// What its final tree has of each category of such contents, its base image's included.
    pub categories: Vec<CategoryBytes>,
    /// Bytes of its layers as a registry holds them, its base image's included; a layer that is stored here without
    /// compression counts as its estimate.
    pub blob_bytes: u64,
}

/// What the final tree of an image has of one category of contents that are of no use at run time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryBytes {
    /// The category: `compilers`.
    pub category: String,
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed layers; `None` where that is not known.
    pub compressed: Option<u64>,
}

/// What a build log or a measurement tells of the lines of a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimedSteps {
    /// Where the seconds are from: a kind of file and its name.
    pub source: String,
    /// Seconds of each instruction that ran, by its first line.
    pub seconds: BTreeMap<u32, StepSeconds>,
}

/// Bytes of an image that need not be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasuredBytes {
    /// First line of the instruction that wrote them.
    pub line: u32,
    /// First line of the instruction that made them useless, where that is known and another layer's.
    pub by: Option<u32>,
    /// The category of contents that are of no use at run time: `pip-cache`.
    pub category: Option<String>,
    /// How they were lost: `deleted`, `metadata_only`; `None` for what the final tree has.
    pub lost: Option<String>,
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed layers; `None` where that is not known.
    pub compressed: Option<u64>,
}

/// Something wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// The stable name of its kind, which its fingerprint is made of.
    pub code: &'static str,
    /// The file as the user would type it.
    pub file: String,
    /// The place in it.
    pub place: Option<LineColumn>,
    /// Whether work could not be done for it (exit code 2); else a note.
    pub fatal: bool,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}
