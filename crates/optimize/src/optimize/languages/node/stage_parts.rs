//! What the final stage is made of: the one install, what builds, and what is neither.

use super::stage_blocker::NodeBlocker;
use std::collections::BTreeSet;

use super::{started_project, words};
use crate::build::toolchain::is_build_package;
use crate::build::{Build, Code, Purpose, SlimImage, Stage, StageBase, User, installed, releases};
use crate::dockerfile::{Instruction, Keyword};
use crate::manifest::{Ecosystem, Install, Project, Tool};
use crate::optimize::called_programs;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::program::{self, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::Span;

/// What an instruction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::optimize) enum PartPurpose {
    /// ARG, ENV, WORKDIR, USER, SHELL: counts for what stands below it.
    Setting,
    /// CMD, EXPOSE and their like: counts for the image alone.
    Image,
    /// A copy from the build context.
    Copy,
    /// Packages of the distribution, and whatever is not understood.
    System,
    /// Packages of the distribution that only serve to build.
    Compilers,
    /// Programs for all, by npm or corepack.
    Global,
    /// The install of the project's dependencies.
    Install,
    /// Takes development dependencies away again.
    Prune,
    /// Empties caches.
    Clean,
    /// Runs programs of the project.
    Build,
    /// Folders, modes, accounts.
    Files,
}

/// An instruction of the stage.
#[derive(Clone, Copy, Debug)]
pub(in crate::optimize) struct StagePart {
    /// Its index.
    pub(in crate::optimize) index: usize,
    /// What it is for.
    pub(in crate::optimize) purpose: PartPurpose,
}

/// A stage that installs the dependencies of one Node project.
pub(in crate::optimize) struct StageParts<'a> {
    /// Its instructions in order, FROM left out.
    pub(in crate::optimize) all: Vec<StagePart>,
    /// The project.
    pub(in crate::optimize) project: &'a Project,
    /// How it is installed, where it has a lock file.
    pub(in crate::optimize) way: Option<&'a Install>,
    /// Index of the install.
    pub(in crate::optimize) install: usize,
    /// The program that installs.
    pub(in crate::optimize) manager: Manager,
    /// Where the call's verb ends in the source; `None` where no option can be put there.
    pub(in crate::optimize) behind_verb: Option<u32>,
    /// The verb as written.
    pub(in crate::optimize) verb: String,
    /// Whether the install leaves development dependencies out already.
    pub(in crate::optimize) omits: bool,
    /// Whether the same RUN builds too.
    pub(in crate::optimize) builds_too: bool,
    /// The project's folder in the image.
    pub(in crate::optimize) folder: String,
    /// Names of programs that are installed for all.
    pub(in crate::optimize) globals: Vec<String>,
    /// Who installs, where that is not root.
    pub(in crate::optimize) user: Option<String>,
}

/// The stage's parts; `None` where it installs no Node project, or more than one, and an error where it does in a way
/// that can't be taken apart.
pub(in crate::optimize) fn read<'a>(
    input: &PassInput<'a>,
    stage: &Stage,
) -> Result<Option<StageParts<'a>>, NodeBlocker> {
    let build = input.build;
    let mut parts: Option<StageParts<'a>> = None;
    let mut all = Vec::new();
    let mut globals = Vec::new();
    for (index, instruction) in build.instructions(stage) {
        let purpose = match instruction.keyword {
            Keyword::Run => {
                let Some(code) = build.code(index).filter(|code| code.is_ordinary()) else {
                    all.push(StagePart { index, purpose: PartPurpose::System });
                    continue;
                };
                let (purpose, install) = run(input, stage, index, code, parts.as_ref(), &mut globals)?;
                if install.is_some() && parts.is_some() {
                    return Ok(None);
                }
                parts = install.or(parts);
                purpose
            }
            _ => plain(build, stage, instruction)?,
        };
        all.push(StagePart { index, purpose });
    }
    keep_lists(build, &mut all);
    Ok(parts.map(|parts| StageParts { all, globals, ..parts }))
}

/// Keeps the RUNs that fetch the package lists for an install in another RUN.
fn keep_lists(build: &Build, all: &mut [StagePart]) {
    let has = |index: usize, purpose: Purpose| {
        let code = build.code(index);
        code.is_some_and(|code| {
            let invocations = code.script.invocations();
            invocations.iter().any(|it| it.package_call().is_some() && Purpose::of(it) == purpose)
        })
    };
    let installs_alone = |part: &StagePart| {
        part.purpose == PartPurpose::System
            && has(part.index, Purpose::SystemInstall)
            && !has(part.index, Purpose::Lists)
    };
    if all.iter().any(installs_alone) {
        for part in all.iter_mut().filter(|part| part.purpose == PartPurpose::Clean && has(part.index, Purpose::Lists))
        {
            part.purpose = PartPurpose::System;
        }
    }
}

fn plain(build: &Build, stage: &Stage, instruction: &Instruction) -> Result<PartPurpose, NodeBlocker> {
    Ok(match instruction.keyword {
        Keyword::Arg | Keyword::Env | Keyword::Workdir | Keyword::User | Keyword::Shell => PartPurpose::Setting,
        Keyword::Copy | Keyword::Add => {
            let from = build.input().file.transfer(instruction).is_none_or(|parts| parts.from.is_some());
            if from { PartPurpose::System } else { PartPurpose::Copy }
        }
        Keyword::Onbuild => return Err(NodeBlocker::HasOnbuild { stage: stage.title() }),
        Keyword::Unknown | Keyword::From | Keyword::Run => return Err(NodeBlocker::UnsupportedInstruction),
        _ => PartPurpose::Image,
    })
}

type Ran<'a> = (PartPurpose, Option<StageParts<'a>>);

/// What a RUN is for.
fn run<'a>(
    input: &PassInput<'a>,
    stage: &Stage,
    index: usize,
    code: &Code,
    before: Option<&StageParts<'a>>,
    globals: &mut Vec<String>,
) -> Result<Ran<'a>, NodeBlocker> {
    let mut purposes = Vec::new();
    let mut install = None;
    for invocation in code.script.invocations() {
        let call = invocation.package_call();
        let other = |call: &&PackageCall| {
            call.verb == Verb::Install && matches!(call.manager, Manager::Composer | Manager::Bundle)
        };
        if let Some(call) = call.as_ref().filter(other) {
            return Err(NodeBlocker::OtherProjectRuns { other: call.title() });
        }
        let purpose = match &call {
            Some(call) if brings_called(input, call) => Some(PartPurpose::System),
            Some(call) => by_call(&invocation, call, before.is_some()),
            None => by_program(input, &invocation),
        };
        if let (Some(PartPurpose::Global), Some(call)) = (purpose, &call) {
            globals.extend(call.packages.iter().map(|package| package.name.text.to_owned()));
        }
        if let (Some(PartPurpose::Install), Some(call)) = (purpose, &call) {
            refuse_if(!call.packages.is_empty(), NodeBlocker::UnlistedPackages { command: call.title() })?;
            refuse_if(install.is_some(), NodeBlocker::InstallsTwice)?;
            install = Some(installing(input, (stage, index), code, &invocation, call)?);
        }
        purposes.extend(purpose);
    }
    let has = |purpose| purposes.contains(&purpose);
    let Some(mut parts) = install else {
        let order = [
            PartPurpose::System,
            PartPurpose::Build,
            PartPurpose::Prune,
            PartPurpose::Global,
            PartPurpose::Files,
            PartPurpose::Compilers,
            PartPurpose::Clean,
        ];
        let purpose = order.into_iter().find(|purpose| has(*purpose)).unwrap_or(PartPurpose::Files);
        let mixed = purpose == PartPurpose::Build && (has(PartPurpose::Global) || has(PartPurpose::Compilers))
            || purpose == PartPurpose::System && has(PartPurpose::Build);
        refuse_if(mixed, NodeBlocker::InstallsAndBuilds)?;
        return Ok((purpose, None));
    };
    refuse_if(has(PartPurpose::System) || has(PartPurpose::Compilers), NodeBlocker::SystemPackagesAndDependencies)?;
    parts.builds_too = has(PartPurpose::Build);
    Ok((PartPurpose::Install, Some(parts)))
}

/// What a program that is no package manager is for; `None` where it does nothing by itself.
fn by_program(input: &PassInput, invocation: &Invocation) -> Option<PartPurpose> {
    let words = words::of(invocation);
    let inner = words::program(&words);
    let program = words::name(inner.first()?);
    let direct = inner.len() == words.len();
    if !direct {
        return Some(PartPurpose::Build);
    }
    let known = Program::of(program);
    let prints = known.is(program::Kind::Prints);
    Some(match Purpose::of(invocation) {
        Purpose::Setting | Purpose::Nothing => return None,
        Purpose::Looks if prints && program != "cat" || writes_nowhere(invocation) => return None,
        Purpose::Deletes if inner.iter().any(|word| word.contains("node_modules")) => PartPurpose::Prune,
        Purpose::Lists | Purpose::Clean => PartPurpose::Clean,
        Purpose::Account | Purpose::Entries | Purpose::Deletes => PartPurpose::Files,
        Purpose::Copies | Purpose::Edits => PartPurpose::Build,
        _ if known.language == Some(program::Language::Node) || known.is(program::Kind::Recipes) => PartPurpose::Build,
        _ => {
            let package = words::package_of(program);
            let nodes = input.projects_of(Ecosystem::Node);
            let ours = nodes.flat_map(|project| &project.dependencies).any(|dependency| dependency.name == package);
            if ours { PartPurpose::Build } else { PartPurpose::System }
        }
    })
}

/// Whether no redirect sends the output to a file.
fn writes_nowhere(invocation: &Invocation) -> bool {
    let targets = invocation.command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
    targets.into_iter().all(|word| word.is("/dev/null") || word.text().bytes().all(|byte| byte.is_ascii_digit()))
}

/// What a call of a package manager is for; `None` where it does nothing.
fn by_call(invocation: &Invocation, call: &PackageCall, installed: bool) -> Option<PartPurpose> {
    let node = Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node) || call.manager == Manager::Corepack;
    let only_build_packages =
        || !call.packages.is_empty() && call.packages.iter().all(|package| only_builds(package.name.text));
    Some(match Purpose::of(invocation) {
        Purpose::Looks if writes_nowhere(invocation) => return None,
        Purpose::Lists => PartPurpose::Clean,
        Purpose::SystemInstall if only_build_packages() => PartPurpose::Compilers,
        _ if !node => PartPurpose::System,
        Purpose::Programs | Purpose::Configures | Purpose::Edits => PartPurpose::Global,
        Purpose::Install if installed && drops_dev(call) => PartPurpose::Prune,
        Purpose::Install => PartPurpose::Install,
        Purpose::Clean => PartPurpose::Clean,
        Purpose::Manager(Verb::Remove) if call.verb_text == "prune" => PartPurpose::Prune,
        _ => PartPurpose::Build,
    })
}

/// Whether a package of the distribution brings the Python that sources start, or a program of the container's command.
fn brings_called(input: &PassInput, call: &PackageCall) -> bool {
    let brings = |name: &str| call.packages.iter().any(|package| package.name.text == name);
    let is_started = || {
        started_project::programs(input)
            .iter()
            .flat_map(|program| SlimImage::missing_packages("node:slim", program))
            .any(brings)
    };
    call.manager.is_system()
        && (brings("python3") && called_programs::programs(input, Ecosystem::Node, true).contains("python3")
            || is_started())
}

/// Packages that serve to compile native modules and for nothing that a Node program runs.
fn only_builds(name: &str) -> bool {
    is_build_package(name) || matches!(name, "python3" | "python-is-python3")
}

fn drops_dev(call: &PackageCall) -> bool {
    call.says("production") || call.verb_text == "workspaces focus"
}

/// The install as it is written.
fn installing<'a>(
    input: &PassInput<'a>,
    (stage, index): (&Stage, usize),
    code: &Code,
    invocation: &Invocation,
    call: &PackageCall,
) -> Result<StageParts<'a>, NodeBlocker> {
    let build = input.build;
    let file = input.file();
    let place = (stage, index);
    let unknown = || NodeBlocker::NoManifest;
    let folder = installed::folder(build, place, invocation, call).ok_or_else(unknown)?;
    let installed_project = installed::of(build, place, invocation, call).ok_or_else(unknown)?;
    if words::elsewhere(&words::of(invocation)) {
        let root = &installed_project.project.root;
        let member = input.projects().iter().any(|project| project.members.contains(root));
        if !root.is_empty() && !member && installed_project.project.workspace.is_none() {
            return Err(not_alone(installed_project.project));
        }
        return Err(NodeBlocker::PartialWorkspace);
    }
    let variable = build.run_variable(stage, index, invocation, "NODE_ENV");
    let production = variable.is_some_and(|value| value.text().is_none_or(|value| value == "production"));
    let names = ["NPM_CONFIG_OMIT", "npm_config_omit", "NPM_CONFIG_PRODUCTION", "npm_config_production"];
    let omits = drops_dev(call)
        || (production && !call.has(&["--include", "--production=false"]))
        || installed::is_set(build, place, invocation, &names);
    let user = match build.user_at(stage, index).value() {
        Some(User::Other(name)) => Some(name.clone()),
        Some(User::Unknown) => return Err(NodeBlocker::UnknownUser),
        _ => None,
    };
    let bare = call.verb_text.is_empty();
    let span = if bare { Span::at(call.verb_span.end) } else { call.verb_span };
    let placed = code.place(file, if bare { call.verb_span } else { span });
    let exact = input.source().slice(placed) == if bare { call.program } else { &call.verb_text };
    Ok(StageParts {
        all: Vec::new(),
        project: installed_project.project,
        way: if installed_project.has_lock { installed_project.install } else { None },
        install: index,
        manager: call.manager,
        behind_verb: (exact && !code.is_exec()).then_some(placed.end),
        verb: call.verb_text.to_string(),
        omits,
        builds_too: false,
        folder,
        globals: Vec::new(),
        user,
    })
}

impl StageParts<'_> {
    /// Whether Yarn 2 or later installs.
    pub(in crate::optimize) fn is_berry(&self) -> bool {
        self.way.is_some_and(|way| way.tool == Tool::YarnBerry)
    }

    /// Whether something builds with what was installed.
    pub(in crate::optimize) fn builds(&self) -> bool {
        self.builds_too || self.has(PartPurpose::Build)
    }

    /// Whether there is such a part.
    pub(in crate::optimize) fn has(&self, purpose: PartPurpose) -> bool {
        self.all.iter().any(|part| part.purpose == purpose)
    }

    /// Index of the last instruction that installs or builds.
    pub(in crate::optimize) fn last_built(&self) -> usize {
        let is_built =
            |part: &&StagePart| matches!(part.purpose, PartPurpose::Install | PartPurpose::Build | PartPurpose::Prune);
        self.all.iter().rfind(is_built).map_or(self.install, |part| part.index)
    }

    /// Names of packages whose programs RUNs call by themselves, not by a script.
    pub(in crate::optimize) fn direct(&self, build: &Build) -> BTreeSet<String> {
        let commands = self.commands(build);
        let first = commands
            .iter()
            .filter_map(|words| words.first())
            .map(|word| words::package_of(words::name(word)).to_owned());
        first.collect()
    }

    /// The commands of all that builds, in order.
    pub(in crate::optimize) fn commands(&self, build: &Build) -> Vec<Vec<String>> {
        let parts = self.all.iter().filter(|part| matches!(part.purpose, PartPurpose::Build | PartPurpose::Install));
        let codes = parts.filter_map(|part| build.code(part.index));
        let all = codes.flat_map(|code| code.script.invocations());
        let builds = |invocation: &Invocation| match invocation.package_call() {
            Some(call) => by_call(invocation, &call, true) == Some(PartPurpose::Build),
            None => true,
        };
        all.filter(builds).map(|invocation| words::of(&invocation)).collect()
    }
}

/// The final stage, if its base is an image, no other stage is based on it, and it changes no manifest.
pub(in crate::optimize) fn divisible_stage<'s>(input: &'s PassInput) -> Option<&'s Stage> {
    let build = input.build;
    let stage = input.target()?;
    let is_known = build.is_ordinary() && build.knows_target() && !stage.is_replaced();
    let alone = || matches!(stage.base, StageBase::Image(_)) && build.edges_to(stage).next().is_none();
    (is_known && alone() && !installed::changes_manifest(build, stage)).then_some(stage)
}

/// The major version of the base image's Node.js.
pub(in crate::optimize) fn node_major(input: &PassInput, stage: &Stage) -> Option<u32> {
    let StageBase::Image(image) = input.build.root_base(stage) else { return None };
    let node = releases(image).into_iter().find(|release| release.product == "node")?;
    node.version.split('.').next()?.parse().ok()
}

/// Why a stage with more projects than one stays.
pub(in crate::optimize) fn not_alone(other: &Project) -> NodeBlocker {
    NodeBlocker::OtherProjectInstalled { other: other.root.clone() }
}
