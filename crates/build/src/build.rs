//! The meaning of a Dockerfile: stages and their dependencies, variables, users, shells, the steps that run and the
//! scripts in them, COPY resolved against the context. Derived only from [`BuildInput`]; it judges nothing.

pub mod accounts;
mod release_age;
mod audience;
mod built_projects;
mod called_scripts;
mod copied_files;
mod check_search;
mod check_translation;
mod check_verdict;
mod checks;
mod closing;
mod constant_code;
mod context;
mod dead_branches;
mod development;
mod download_size;
mod stage_edges;
mod step_choice;
mod environment;
mod exposed;
mod generated;
mod git_ignore;
mod graph;
mod history;
mod image;
mod image_paths;
mod image_sources;
pub mod installed;
mod latest_setting;
mod logged_steps;
mod launch;
mod listening;
mod lock_format;
mod loopback;
mod loopback_sources;
mod needs;
mod package_cache;
mod package_lists;
mod package_script;
mod package_size;
mod port_settings;
mod probe;
mod programs;
mod purpose;
mod release;
mod root_only;
mod runs;
mod runtime_image;
mod scope;
mod script;
mod secret;
mod secret_file;
pub mod service;
mod settings;
mod shell_kind;
mod slim;
mod stage;
mod start_writes;
mod steps;
mod system_shell;
mod taken_later;
#[cfg(test)]
mod tests;
pub mod toolchain;
mod transfer;
mod undefined;
mod useless;
mod web_server;
mod worker_line;
mod written;

pub use self::audience::names_developers;
pub use self::built_projects::{BuiltProjects, selecting_programs, selects_projects};
pub use self::called_scripts::CalledFile;
pub use self::check_search::{ends_after_failure, shell_search};
pub use self::check_translation::{CheckTranslation, check_in_own_language, translate_check, translated_check};
pub use self::check_verdict::{constant_command, constant_script_end, looks_for_process, tells_nothing};
pub use self::checks::CHECK_ARGUMENT;
pub use self::context::SentFiles;
pub use self::copied_files::{CopiedFile, StartFile, absolute};
pub use self::development::{DevelopmentKind, DevelopmentServer, reload_option, serves_developers};
pub use self::download_size::DownloadSize;
pub use self::environment::{FoundVariable, Home};
pub use self::exposed::ExposedPorts;
pub use self::generated::generated_line;
pub use self::git_ignore::{GIT_IGNORE_LINES, IgnoredName};
pub use self::graph::{Fault, FaultKind};
pub use self::history::asks_history;
pub use self::image::{BaseImage, Presence, Reference, is_like, is_official, providers, service_check, stands_on};
pub use self::image_paths::{ImagePaths, ImagePlace};
pub use self::image_sources::{ImageSources, compiled_packages};
pub use self::launch::Launch;
pub use self::listening::{Listening, ListeningOrigin};
pub use self::lock_format::reads_lock;
pub use self::loopback::{LoopbackOrigin, LoopbackServer};
pub use self::needs::ProgramNeeds;
pub use self::package_cache::{PackageCache, stops_cache};
pub use self::package_lists::PackageLists;
pub use self::package_script::ScriptCall;
pub use self::package_size::PackageSize;
pub use self::port_settings::PortSetting;
pub use self::probe::{Asker, installs};
pub use self::programs::{Programs, default_path, is_of_system};
pub use self::purpose::{Purpose, is_cache_path};
pub use self::release::{Libc, Release, UnmaintainedImage, ended_releases, has_ended, is_suite, libc, releases};
pub use self::release_age::Age;
pub use self::root_only::RootOnly;
pub use self::runs::{Placed, Run};
pub use self::runtime_image::{CERTIFICATES, runtime_image};
pub use self::scope::{
    DEFAULT_PATH, Definition, Lookup, PLATFORM_ARGS, PROXY_ARGS, ScopedVariableUse, Scopes, VariableOrigin,
    VariableValue,
};
pub use self::script::Code;
pub use self::secret::{Secret, WrittenSecret};
pub use self::secret_file::has_public_name;
pub use self::settings::{Setting, User};
pub use self::shell_kind::Sh;
pub use self::slim::SlimImage;
pub use self::stage::{Edge, EdgeKind, Stage, StageBase, reserved_use};
pub use self::start_writes::is_command;
pub use self::step_choice::{StepTraits, logged_targets};
pub use self::steps::LayerStep;
pub use self::taken_later::TakenFile;
pub use self::transfer::{Source, Transfer, is_remote_source, is_shell_syntax};
pub use self::undefined::{UndefinedReason, UndefinedVariable};
pub use self::useless::{NamedPaths, may_take_in};
pub use self::web_server::{NginxStatement, WebServer, nginx_tree};
pub use self::worker_line::{WorkerLine, ends_with_scheduler, ends_with_worker, starts_scheduler, starts_worker};

use std::sync::{Arc, OnceLock};

use self::latest_setting::Latest;
use self::stage::StageNames;
use crate::dockerfile::{Instruction, Keyword, Verdict};
use crate::inputs::BuildInput;
use crate::shell::Shell;

/// A build: the input and the facts derived from it.
#[derive(Debug)]
pub struct Build<'a> {
    input: &'a BuildInput,
    stages: Arc<Vec<Stage>>,
    edges: Arc<Vec<Edge>>,
    faults: Arc<Vec<Fault>>,
    names: Arc<StageNames>,
    scopes: Arc<Scopes>,
    target: Option<usize>,
    knows_target: bool,
    needed: Arc<Vec<bool>>,
    ships: Arc<Vec<bool>>,
    latest: Arc<Latest>,
    /// Shells that comments of hadolint name, with their positions.
    told_shells: Arc<Vec<(u32, Shell)>>,
    /// The scripts of each instruction, parsed on first use.
    code: Vec<OnceLock<Option<Box<Code<'a>>>>>,
    /// Whether each stage is only for developers, determined on first use.
    for_developers_only: Vec<OnceLock<bool>>,
    /// Which shell /bin/sh of each stage is, determined on first use.
    system_shells: OnceLock<Vec<Sh>>,
    /// The COPYs and ADDs of each stage, resolved on first use.
    transfers: Vec<OnceLock<Vec<Transfer<'a>>>>,
    /// The builder's verdict on the file, determined on first use.
    verdict: OnceLock<Option<Verdict>>,
    /// Accounts and settings that RUNs create, read on first use.
    run_products: OnceLock<environment::RunProducts>,
    /// Whether the context is that of an application, looked up on first use.
    has_project: OnceLock<bool>,
    /// Whether a needed stage takes from the context, looked up on first use.
    uses_context: OnceLock<bool>,
    /// The references to each stage as indexes of `edges`, collected on first use.
    edges_to: OnceLock<Vec<Vec<usize>>>,
}

/// What is determined on first use, of so many.
fn unknown<T>(count: usize) -> Vec<OnceLock<T>> {
    std::iter::repeat_with(OnceLock::new).take(count).collect()
}

impl<'a> Build<'a> {
    /// Derives the build from an input.
    pub fn new(input: &'a BuildInput) -> Self {
        let mut scopes = Scopes::global(&input.file, &input.options);
        let stages = stage::stages(&input.file, &input.options, &|text| scopes.expand_global(text));
        scopes.add_stages(input, &stages);
        let names = StageNames::of(&stages);
        let edges = stage_edges::edges(input, &stages, &names);
        let faults = graph::faults(&stages, &edges, &names);
        let target = match &input.options.target {
            Some(name) => names.find_or_index(name),
            None => stages.len().checked_sub(1),
        };
        // With a target that does not exist nothing is built; findings about the whole file are still reported.
        let knows_target = target.is_some();
        let target = target.or(stages.len().checked_sub(1));
        let built = target.filter(|target| !stages[*target].is_replaced());
        let needed = graph::needed_stages(&stages, &edges, built);
        let mut ships = vec![false; stages.len()];
        let mut below = built;
        while let Some(stage) = below {
            ships[stage] = true;
            below = match stages[stage].base {
                StageBase::Stage(parent) => Some(parent),
                _ => None,
            };
        }
        let latest = Latest::new(input.file.instructions(), &stages);
        Self {
            input,
            edges: edges.into(),
            faults: faults.into(),
            names: names.into(),
            scopes: scopes.into(),
            target,
            knows_target,
            needed: needed.into(),
            ships: ships.into(),
            latest: latest.into(),
            told_shells: settings::told_shells(&input.file).into(),
            code: unknown(input.file.instructions().len()),
            for_developers_only: unknown(stages.len()),
            system_shells: OnceLock::new(),
            transfers: unknown(stages.len()),
            verdict: OnceLock::new(),
            run_products: OnceLock::new(),
            has_project: OnceLock::new(),
            uses_context: OnceLock::new(),
            edges_to: OnceLock::new(),
            stages: stages.into(),
        }
    }

    /// The same build, without what was determined on first use: for a while, so that this is dropped with it.
    #[must_use]
    pub fn copy_unread(&self) -> Self {
        Self {
            input: self.input,
            stages: Arc::clone(&self.stages),
            edges: Arc::clone(&self.edges),
            faults: Arc::clone(&self.faults),
            names: Arc::clone(&self.names),
            scopes: Arc::clone(&self.scopes),
            target: self.target,
            knows_target: self.knows_target,
            needed: Arc::clone(&self.needed),
            ships: Arc::clone(&self.ships),
            latest: Arc::clone(&self.latest),
            told_shells: Arc::clone(&self.told_shells),
            code: unknown(self.code.len()),
            for_developers_only: unknown(self.stages.len()),
            system_shells: OnceLock::new(),
            transfers: unknown(self.stages.len()),
            verdict: OnceLock::new(),
            run_products: OnceLock::new(),
            has_project: OnceLock::new(),
            uses_context: OnceLock::new(),
            edges_to: OnceLock::new(),
        }
    }

    /// The input that it was derived from.
    pub fn input(&self) -> &'a BuildInput {
        self.input
    }

    /// The builder's first error, as returned by [`File::verdict`](crate::dockerfile::File::verdict).
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.get_or_init(|| self.input.file.verdict()).as_ref()
    }

    /// The stages in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Whether the file has instructions but no FROM: a part of a Dockerfile, whose other parts are unknown.
    pub fn is_fragment(&self) -> bool {
        self.stages.first().is_some_and(|stage| stage.from().is_none())
    }

    /// The references between stages, in source order.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The references of a stage, in source order; its FROM first, if it has one.
    pub fn edges_of(&self, stage: &Stage) -> &[Edge] {
        let start = self.edges.partition_point(|edge| edge.stage < stage.index);
        let end = self.edges.partition_point(|edge| edge.stage <= stage.index);
        &self.edges[start..end]
    }

    /// The references to a stage, in source order.
    pub fn edges_to(&self, stage: &Stage) -> impl Iterator<Item = &Edge> {
        let all = self.edges_to.get_or_init(|| {
            let mut all = vec![Vec::new(); self.stages.len()];
            for (index, edge) in self.edges.iter().enumerate() {
                if let StageBase::Stage(to) = edge.to {
                    all[to].push(index);
                }
            }
            all
        });
        all[stage.index].iter().map(|index| &self.edges[*index])
    }

    /// References that cannot work, in source order.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The stage name that `name` was probably meant to be.
    pub fn nearest_stage(&self, name: &str) -> Option<&str> {
        self.names.nearest(name)
    }

    /// The variables.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The stage that is built: `--target`, or else (also for an unknown name) the last one; `None` without stages.
    pub fn target(&self) -> Option<&Stage> {
        self.stages.get(self.target?)
    }

    /// Whether the stage that `--target` names exists; without `--target`, whether there is any stage.
    pub fn knows_target(&self) -> bool {
        self.knows_target
    }

    /// Whether the target needs the stage.
    pub fn is_needed(&self, stage: &Stage) -> bool {
        self.needed[stage.index]
    }

    /// Whether the stage's layers are in the image: the target, and the stages that it is based on.
    pub fn ships(&self, stage: &Stage) -> bool {
        self.ships[stage.index]
    }

    /// The stage and the stages that it is based on, itself first.
    pub fn chain<'b>(&'b self, stage: &'b Stage) -> impl Iterator<Item = &'b Stage> {
        std::iter::successors(Some(stage), |stage| match stage.base {
            StageBase::Stage(parent) => self.stages.get(parent),
            _ => None,
        })
    }

    /// The base image of a stage's chain, outside the file.
    pub fn root_base<'b>(&'b self, stage: &'b Stage) -> &'b StageBase {
        self.stages.get(self.latest.root(stage)).map_or(&stage.base, |root| &root.base)
    }

    /// Whether the base image of a stage's chain certainly has no ENTRYPOINT; `scratch` has none.
    pub fn has_bare_base(&self, stage: &Stage) -> bool {
        match self.root_base(stage) {
            StageBase::Scratch => true,
            StageBase::Image(name) => BaseImage::of(name).has_entrypoint() == Some(false),
            _ => false,
        }
    }

    /// The instruction with this index.
    pub fn instruction(&self, index: usize) -> &'a Instruction {
        &self.input.file.instructions()[index]
    }

    /// The FROM of a stage; `None` in a fragment.
    pub fn from_of(&self, stage: &Stage) -> Option<&'a Instruction> {
        stage.from().map(|index| self.instruction(index))
    }

    /// The instructions of a stage with their indexes, its FROM excluded.
    pub fn instructions(&self, stage: &Stage) -> impl Iterator<Item = (usize, &'a Instruction)> + use<'a> {
        let file = &self.input.file;
        stage.instructions.clone().map(|index| (index, &file.instructions()[index]))
    }

    /// The last instruction of a kind (USER, WORKDIR, SHELL, CMD, ENTRYPOINT, HEALTHCHECK, EXPOSE; no other) that
    /// counts for a stage: its own, or else that of the stage that it is based on.
    pub fn last(&self, stage: &Stage, keyword: Keyword) -> Option<(usize, &'a Instruction)> {
        let index = self.latest.before(keyword, stage, usize::MAX)?;
        Some((index, self.instruction(index)))
    }

    /// The stage of an instruction.
    pub fn stage_of(&self, instruction: usize) -> Option<&Stage> {
        let index = self.stages.partition_point(|stage| stage.start <= instruction).checked_sub(1)?;
        self.stages.get(index)
    }
}
