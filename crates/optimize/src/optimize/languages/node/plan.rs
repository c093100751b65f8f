//! How the final stage is split: where `node_modules` comes from, and which files of the build are copied.

use super::output::{self, Output};
use super::stage_parts::{PartPurpose, StageParts, node_major, not_alone};
use super::{native, need, words};
use crate::build::{BaseImage, Presence, Source, Stage, StageBase, installed};
use crate::manifest::{DependencyScope, Ecosystem, Project, parse_jsonc};
use crate::optimize::home_downloads::downloads_to_home;
use crate::optimize::languages::node::stage_blocker::NodeBlocker;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::program::{self, Program};
use crate::shell::{Invocation, Manager, Verb};
use crate::text::path;

/// Where the final stage takes `node_modules` from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Modules {
    /// An install of its own, with this text behind the verb.
    Separate(String),
    /// A stage upon the install that the build uses too, where this command takes development dependencies away.
    Beside(String),
    /// The build's, after this command took development dependencies away.
    Pruned(String),
    /// The build's as they are.
    Built,
    /// Nowhere: nothing is installed for running.
    Absent,
}

/// The plan.
pub(super) struct NodePlan {
    /// Where the modules come from.
    pub(super) modules: Modules,
    /// What is built; `None` where nothing is.
    pub(super) output: Option<Output>,
    /// Whether the project's whole folder is taken.
    pub(super) whole: bool,
    /// Whether it is a workspace: more folders than one hold modules.
    pub(super) workspace: bool,
    /// Why, as one sentence.
    pub(super) why: String,
}

/// What taking the stage apart gives; `None` where it would drop nothing, an error where it can't be done.
pub(super) fn plan(input: &PassInput, stage: &Stage, parts: &StageParts) -> Result<Option<NodePlan>, NodeBlocker> {
    let project = parts.project;
    if let Some(what) = downloads_to_home(input, stage) {
        return Err(NodeBlocker::DownloadsToHome { what });
    }
    let developed = has_dev(input, project) && !parts.omits;
    let dev_package = developed.then(|| need::of_development(input, stage, parts)).flatten();
    let drops_dev = developed && dev_package.is_none();
    let prunes = parts.has(PartPurpose::Prune);
    let drops_tools = parts.has(PartPurpose::Compilers) || needs_tools(input, stage);
    let builds = parts.builds();
    let output = builds.then(|| output::of(input, project, &parts.commands(input.build)));
    let workspace = !project.members.is_empty() || project.workspace.is_some();
    // Beside what a copy of the context brings, the final stage would have files that the build removes.
    let is_stale = output.as_ref().is_some_and(|output| empties_files_of_context(input, project, output));
    let open = is_stale || output.as_ref().is_some_and(|output| output.open.is_some() || workspace);
    if !(drops_tools || builds && (drops_dev || prunes)) {
        if !builds {
            return Ok(None);
        }
        return match (dev_package, other_project(input, project)) {
            (Some(why), _) => Err(NodeBlocker::DevDependenciesStay { why: why.to_string() }),
            (None, Some(other)) => Err(not_alone(other)),
            (None, None) => Ok(None),
        };
    }
    let why = match (drops_dev || prunes, drops_tools) {
        (true, true) => "dev dependencies and build tools are needed only to build",
        (true, false) => "dev dependencies are needed only to build",
        (false, _) => "build tools are not needed at run time",
    };
    let modules = modules(input, stage, parts, output.as_ref(), open, drops_dev)?;
    let elsewhere = installed::workdir(input.build, stage, parts.last_built()) != parts.folder;
    if elsewhere && matches!(modules, Modules::Pruned(_) | Modules::Beside(_)) {
        return Err(NodeBlocker::NotWorkingFolder { folder: parts.folder.clone() });
    }
    let whole = open;
    refuse_if((whole || workspace) && matches!(parts.folder.as_str(), "/" | "/?"), NodeBlocker::InRootFolder)?;
    refuse_if(parts.is_berry() && !links_modules(input, project), NodeBlocker::PackagesElsewhere)?;
    Ok(Some(NodePlan { modules, output, whole, workspace, why: why.to_owned() }))
}

/// Whether the context has files where the bundler writes, which empties its folder first.
fn empties_files_of_context(input: &PassInput, project: &Project, output: &Output) -> bool {
    let Some(context) = input.context() else { return false };
    output.emptied.iter().any(|folder| context.find(&path::join(&project.root, folder)).is_some())
}

/// Another project that scripts of this one install or build.
fn other_project<'a>(input: &PassInput<'a>, project: &Project) -> Option<&'a Project> {
    let nodes =
        input.projects().iter().filter(|project| project.ecosystem == Ecosystem::Node && !project.root.is_empty());
    let mut others = nodes.filter(|node| node.root != project.root && !project.members.contains(&node.root));
    let commands: Vec<Vec<String>> =
        project.scripts.iter().flat_map(|script| words::commands(&script.command)).collect();
    others.find(|other| {
        let names = |word: &String| {
            let path = word.split_once('=').map_or(word.as_str(), |(_, value)| value);
            path.trim_start_matches("./").trim_end_matches('/') == other.root
        };
        let leaves_folder = |words: &Vec<String>| words[0] == "cd" || words::elsewhere(words);
        commands.iter().any(|words| leaves_folder(words) && words[1..].iter().any(names))
    })
}

/// Whether the install calls for tools that nothing else needs. Git alone counts where the base brings it: a slim one
/// could stand in its place.
fn needs_tools(input: &PassInput, stage: &Stage) -> bool {
    let Some(packages) = native::build_packages(input, stage.index) else { return false };
    let full = || matches!(input.build.root_base(stage), StageBase::Image(image) if BaseImage::of(image).presence("git") == Presence::Has);
    packages.iter().any(|package| !native::GIT.contains(&&**package)) || !packages.is_empty() && full()
}

/// Whether the project or a member of it has dependencies for development alone.
fn has_dev(input: &PassInput, project: &Project) -> bool {
    with_members(input, project)
        .flat_map(|our| &our.dependencies)
        .any(|dependency| dependency.scope == DependencyScope::Dev)
}

/// The project and its members.
fn with_members<'a>(input: &PassInput<'a>, project: &Project) -> impl Iterator<Item = &'a Project> {
    input.projects().iter().filter(|other| other.root == project.root || project.members.contains(&other.root))
}

fn modules(
    input: &PassInput,
    stage: &Stage,
    parts: &StageParts,
    output: Option<&Output>,
    open: bool,
    drops_dev: bool,
) -> Result<Modules, NodeBlocker> {
    let project = parts.project;
    if parts.has(PartPurpose::Prune) || !drops_dev {
        return Ok(Modules::Built);
    }
    let into_modules = output.is_some_and(|output| output.into_modules);
    let generated = into_modules || project.dependencies.iter().any(|dependency| dependency.name == "@prisma/client");
    let alone = !parts.builds_too && !everything_before(input, stage, parts) && !open && !generated;
    if alone && !has_runtime(project) {
        return Ok(Modules::Absent);
    }
    let hooks = hooks(input, project);
    // What stays is what an install without development dependencies would bring, for a fifth of the time.
    let berry = parts.is_berry();
    let leaves = matches!(parts.manager, Manager::Npm | Manager::Pnpm) || parts.manager == Manager::Yarn && !berry;
    if alone
        && leaves
        && hooks != Hooks::Other
        && let Ok(command) = prune(input, stage, parts)
    {
        return Ok(Modules::Beside(command));
    }
    let scripts = scripts_of_packages(parts);
    if alone && let Some(behind) = parts.behind_verb.and(production(input, stage, parts)) {
        match hooks {
            Hooks::None => return Ok(Modules::Separate(behind)),
            Hooks::Git if scripts == Some(false) || parts.manager == Manager::Bun => {
                return Ok(Modules::Separate(format!("{behind} --ignore-scripts")));
            }
            _ => {}
        }
    }
    prune(input, stage, parts).map(Modules::Pruned)
}

/// Whether something is installed to run.
fn has_runtime(project: &Project) -> bool {
    !project.members.is_empty()
        || project.dependencies.iter().any(|dependency| dependency.scope != DependencyScope::Dev)
}

/// Scripts of the project that an install runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hooks {
    None,
    /// They set up hooks of git alone.
    Git,
    Other,
}

fn hooks(input: &PassInput, project: &Project) -> Hooks {
    let names = ["preinstall", "install", "postinstall", "prepublish", "prepare"];
    let scripts = with_members(input, project).flat_map(|our| names.iter().filter_map(|name| our.script(name)));
    let mut hooks = Hooks::None;
    for command in scripts.flat_map(words::commands) {
        let program = words::program(&command).first().map_or("", |first| words::name(first));
        hooks = match program {
            "only-allow" => hooks,
            program if Program::of(program).writes_nothing() => hooks,
            program if hooks != Hooks::Other && (program == "git" || Program::of(program).is(program::Kind::Hook)) => {
                Hooks::Git
            }
            _ => Hooks::Other,
        };
    }
    hooks
}

/// Whether a package that runs installs with a script of its own; `None` where the lock file does not tell.
fn scripts_of_packages(parts: &StageParts) -> Option<bool> {
    let locked = parts.way?.locked.as_ref()?;
    let mut run = locked.packages.values().filter(|package| package.dev_only != Some(true));
    let scripts: Option<Vec<bool>> = run.by_ref().map(|package| package.scripts).collect();
    scripts.map(|scripts| scripts.contains(&true))
}

/// Whether all sources are there before the install.
fn everything_before(input: &PassInput, stage: &Stage, parts: &StageParts) -> bool {
    let before = input
        .build
        .transfers(stage)
        .iter()
        .filter(|transfer| transfer.index < parts.install && transfer.from.is_none());
    before.flat_map(|transfer| &transfer.sources).any(Source::is_everything)
}

/// What leaves development dependencies out, to stand behind the verb.
fn production(input: &PassInput, stage: &Stage, parts: &StageParts) -> Option<String> {
    let berry = parts.is_berry();
    Some(match parts.manager {
        Manager::Npm => format!(" {}", omit(input, stage)),
        Manager::Yarn if berry => return None,
        Manager::Yarn if parts.verb.is_empty() => " install --production".to_owned(),
        Manager::Yarn | Manager::Bun => " --production".to_owned(),
        Manager::Pnpm => " --prod".to_owned(),
        _ => return None,
    })
}

/// npm's option of the image's age: 8 came with Node.js 16.
fn omit(input: &PassInput, stage: &Stage) -> &'static str {
    if node_major(input, stage).is_some_and(|major| major < 16) { "--production" } else { "--omit=dev" }
}

/// The command that takes development dependencies away after the build.
fn prune(input: &PassInput, stage: &Stage, parts: &StageParts) -> Result<String, NodeBlocker> {
    let berry = parts.is_berry();
    let workspace = !parts.project.members.is_empty();
    Ok(match parts.manager {
        Manager::Npm => {
            format!("npm prune {}{} --no-audit --no-fund", omit(input, stage), resolving(input, parts))
        }
        Manager::Yarn if berry && focuses(input, parts.project) => {
            format!("yarn workspaces focus {}--production", if workspace { "--all " } else { "" })
        }
        Manager::Yarn if berry => return Err(NodeBlocker::NoWorkspacesFocus),
        Manager::Yarn => "yarn install --production --ignore-scripts --prefer-offline --frozen-lockfile".to_owned(),
        Manager::Pnpm if !workspace => "CI=true pnpm prune --prod --config.ignore-scripts=true".to_owned(),
        Manager::Pnpm => return Err(NodeBlocker::PnpmWorkspace),
        _ => return Err(NodeBlocker::MixedModules),
    })
}

/// Options of the install by which npm bears what does not fit together; it would refuse to prune without them.
fn resolving(input: &PassInput, parts: &StageParts) -> &'static str {
    let invocations = input.build.code(parts.install).map(|code| code.script.invocations()).unwrap_or_default();
    let calls = invocations.iter().filter_map(Invocation::package_call).filter(|call| call.manager == Manager::Npm);
    let calls: Vec<_> = calls.filter(|call| call.verb == Verb::Install).collect();
    let options = [("--force", " --force"), ("--legacy-peer-deps", " --legacy-peer-deps")];
    options.into_iter().find(|(option, _)| calls.iter().any(|call| call.has(&[option]))).map_or("", |(_, text)| text)
}

fn text<'a>(input: &PassInput<'a>, project: &Project, name: &str) -> Option<&'a str> {
    let path = path::join(&project.root, name);
    input.evidence.texts.get(&path).map(String::as_str)
}

/// Whether Yarn installs into `node_modules`.
fn links_modules(input: &PassInput, project: &Project) -> bool {
    let settings = text(input, project, ".yarnrc.yml");
    settings
        .is_some_and(|text| text.lines().any(|line| line.starts_with("nodeLinker:") && line.contains("node-modules")))
}

/// Whether this Yarn has `workspaces focus`: built in since 4, a plugin before.
fn focuses(input: &PassInput, project: &Project) -> bool {
    let settings = text(input, project, ".yarnrc.yml").unwrap_or_default();
    let package = text(input, project, "package.json").and_then(parse_jsonc);
    let manager = package.as_ref().and_then(|package| package.get("packageManager")?.as_str()).unwrap_or_default();
    settings.contains("plugin-workspace-tools") || settings.contains("releases/yarn-4") || manager.starts_with("yarn@4")
}
