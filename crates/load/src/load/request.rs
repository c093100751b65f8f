//! What is asked for.

use std::path::PathBuf;
use std::sync::Arc;

use super::disk::Disk;
use super::settings::SettingsSource;
use crate::inputs::{BuildOptions, Date, Needs};
use crate::settings::{CommandLinePolicy, RuleFacts, SettingsPattern};

/// What to gather.
#[derive(Clone, Debug)]
pub struct GatherRequest {
    /// The folder or file that was asked for.
    pub path: PathBuf,
    /// `--file`: the Dockerfile, instead of all that are found; the path is its context then.
    pub file: Option<PathBuf>,
    /// The searched folders, if `path` is not one itself: files above them are not read for a Dockerfile.
    pub folders: Vec<PathBuf>,
    /// The builder's own flags.
    pub options: BuildOptions,
    /// The rules, which say what they need.
    pub rules: &'static dyn RuleFacts,
    /// The facts that are asked for, whatever rules run.
    pub needs: Needs,
    /// Which facts are asked for besides.
    pub wants: FactSelection,
    /// The compose project that is asked for.
    pub compose: ComposeOptions,
    /// Which pipelines are looked at.
    pub pipelines: PipelineSelection,
    /// Whether the manifests of a folder are looked at that describe containers.
    pub workloads: ManifestSelection,
    /// Where settings come from.
    pub configuration: SettingsSource,
    /// Files and folders that are passed over where a folder is searched (`--exclude`).
    pub exclude: Vec<SettingsPattern>,
    /// What the command line says over them.
    pub line: CommandLinePolicy,
    /// Whether ShellCheck is asked, where the rules ask for it.
    pub shellcheck: bool,
    /// Whether a Dockerfile that services build in several ways is a build for each way, not the first for all.
    pub each_build: bool,
    /// Whether the folder is walked as a context although no Dockerfile takes anything from it.
    pub folder: bool,
    /// Today.
    pub today: Option<Date>,
    /// What was asked of the file system in this run.
    pub disk: Arc<Disk>,
}

impl GatherRequest {
    /// Asks for what is in the current folder, and for no facts.
    pub fn new(rules: &'static dyn RuleFacts) -> Self {
        Self {
            path: PathBuf::new(),
            file: None,
            folders: Vec::new(),
            options: BuildOptions::default(),
            rules,
            needs: Needs::NONE,
            wants: FactSelection::Nothing,
            compose: ComposeOptions::default(),
            pipelines: PipelineSelection::None,
            workloads: ManifestSelection::None,
            configuration: SettingsSource::default(),
            exclude: Vec::new(),
            line: CommandLinePolicy::default(),
            shellcheck: false,
            each_build: false,
            folder: false,
            today: None,
            disk: Arc::default(),
        }
    }

    /// The same request for another run: files may have changed.
    #[must_use]
    pub fn for_next_run(&self) -> Self {
        Self { disk: Arc::default(), ..self.clone() }
    }
}

/// Which pipelines of a folder are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PipelineSelection {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// These files.
    Named(Vec<PathBuf>),
}

/// Which manifests of a folder are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManifestSelection {
    /// None.
    #[default]
    None,
    /// All that describe containers.
    All,
}

/// How `docker compose` is called for the projects that are looked at.
#[derive(Clone, Debug, Default)]
pub struct ComposeOptions {
    /// The files of one project (`--file`); none where each file is looked at with those that belong to it.
    pub files: Vec<PathBuf>,
    /// Files with variables instead of `.env` (`--env-file`).
    pub env_files: Vec<PathBuf>,
    /// Profiles to activate (`--profile`).
    pub profiles: Vec<String>,
}

/// Whose facts are gathered: which rules run is known when the settings are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FactSelection {
    /// Nobody's.
    #[default]
    Nothing,
    /// Those that the rules ask for.
    Rules,
    /// Those that the rules and the columns of `audit` ask for.
    Columns,
}
