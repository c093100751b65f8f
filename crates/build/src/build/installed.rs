//! Which project of the build context an install command works on: its manifest must be in the command's folder, put
//! there by COPY, ADD or a bind mount. Used by the rules on lock files and development dependencies, and by rewrites.

use super::start_writes::is_command;
use super::{Build, FoundVariable, Stage, Transfer, is_like};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{ContentKind, FileKind, Install, Project, Tool};
use crate::shell::program::{Kind, Program};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, Word};
use crate::text::path;

/// An install command's project.
#[derive(Clone, Copy)]
pub struct InstalledProject<'i> {
    /// The project whose manifest the command finds.
    pub project: &'i Project,
    /// The install of the command's package manager; `None` if the project has no lock file of it.
    pub install: Option<&'i Install>,
    /// Whether the lock file is next to the manifest.
    pub has_lock: bool,
}

/// Whether a RUN of the stage changes a manifest: its lock file may then not match it.
pub fn changes_manifest(build: &Build, stage: &Stage) -> bool {
    let runs = build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
    runs.filter_map(|(index, _)| build.code(index)).flat_map(|code| code.script.invocations()).any(|invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        let changes = program.is(Kind::Copies) || program.is(Kind::Edits);
        let edits = |verb: &str| matches!(verb, "pkg" | "pkg set" | "pkg delete" | "init" | "set-script");
        let is_edit = invocation.package_call().is_some_and(|call| edits(&call.verb_text));
        let line: Vec<&str> = invocation.command.words.iter().map(Word::text).collect();
        // A script in the command line: `node -e "…package.json…"`.
        let is_code = invocation.args.iter().any(|word| word.is("-e") || word.is("-c"));
        let names = |word: &Word| {
            let managers = [Manager::Uv, Manager::Pipenv, Manager::Cargo, Manager::Bundle, Manager::Composer];
            word.text().contains("package.json") || managers.iter().any(|manager| is_manifest(*manager, word.text()))
        };
        is_edit
            || data::MANIFEST_EDITORS.keys().any(|command| is_command(&line, command))
            || (changes || is_code) && invocation.args.iter().any(names)
    })
}

/// The project of a call; `None` if the context is unknown, or the manifest comes from elsewhere.
pub fn of<'i>(
    build: &Build<'i>,
    (stage, at): (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<InstalledProject<'i>> {
    let input = build.input();
    let (context, projects) = (input.context.as_deref()?, input.projects.as_deref()?);
    let folder = folder(build, (stage, at), invocation, call)?;
    for project in projects {
        let Some(manifest) = project.manifests.iter().find(|path| is_manifest(call.manager, path)) else { continue };
        if !is_at(build, (stage, at), manifest, &folder) {
            continue;
        }
        let install =
            project.installs.iter().find(|install| install.lock.is_some() && is_tool(call.manager, install.tool));
        let install = install.map(|install| &**install);
        let lock = install.and_then(|install| install.lock.as_deref());
        // The lock file of a workspace is above its members.
        let beside = lock.and_then(|lock| above(&folder, manifest, lock));
        let has_lock = lock
            .zip(beside)
            .is_some_and(|(lock, folder)| context.find(lock).is_some() && is_at(build, (stage, at), lock, &folder));
        return Some(InstalledProject { project, install, has_lock });
    }
    None
}

/// Where the folder of `lock` is in the image, if that of `manifest` is `folder`.
fn above(folder: &str, manifest: &str, lock: &str) -> Option<String> {
    let below = path::relative(path::parent(manifest), path::parent(lock))?;
    let depth = below.split('/').filter(|part| !part.is_empty()).count();
    Some(path::join(folder, &"../".repeat(depth)))
}

/// Whether a path is the manifest that a package manager installs from.
pub fn is_manifest(manager: Manager, path: &str) -> bool {
    let name = path::name(path);
    match manager {
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => name == "package.json",
        Manager::Uv | Manager::Poetry | Manager::Pdm => name == "pyproject.toml",
        Manager::Pipenv => name == "Pipfile",
        Manager::Cargo => name == "Cargo.toml",
        Manager::Go => name == "go.mod",
        Manager::Bundle => name == "Gemfile",
        Manager::Composer => name == "composer.json",
        Manager::Dotnet => matches!(FileKind::of(name).nature(), ContentKind::Project | ContentKind::Solution),
        _ => false,
    }
}

/// Whether the package manager reads the lock file of a tool.
const fn is_tool(manager: Manager, tool: Tool) -> bool {
    matches!(
        (manager, tool),
        (Manager::Npm, Tool::Npm)
            | (Manager::Yarn, Tool::YarnClassic | Tool::YarnBerry)
            | (Manager::Pnpm, Tool::Pnpm)
            | (Manager::Bun, Tool::Bun)
            | (Manager::Uv, Tool::Uv)
            | (Manager::Poetry, Tool::Poetry)
            | (Manager::Pdm, Tool::Pdm)
            | (Manager::Pipenv, Tool::Pipenv)
            | (Manager::Cargo, Tool::Cargo)
            | (Manager::Go, Tool::Go)
            | (Manager::Bundle, Tool::Bundler)
            | (Manager::Composer, Tool::Composer)
    )
}

/// The working directory of a call: WORKDIR, `cd` before it, its own option.
pub fn folder(
    build: &Build,
    (stage, at): (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<String> {
    let mut folder = folder_of(build, (stage, at), invocation)?;
    for input in call.inputs.iter().filter(|input| input.kind == InputKind::Folder) {
        if input.path.dynamic {
            return None;
        }
        folder = path::join(&folder, input.path.text);
    }
    Some(folder)
}

/// The working directory of a program: WORKDIR, and `cd` before it.
pub fn folder_of(build: &Build, (stage, at): (&Stage, usize), invocation: &Invocation) -> Option<String> {
    let mut folder = workdir(build, stage, at);
    let changes = invocation.script.folder_changes();
    for command in changes.take_while(|command| command.span.start < invocation.command.span.start) {
        folder = path::join(&folder, command.words.get(1)?.value()?);
    }
    Some(folder)
}

/// The absolute destination of a COPY or ADD, below [`workdir`]; `None` if its words are known only during the build.
pub fn destination(build: &Build, stage: &Stage, transfer: &Transfer) -> Option<String> {
    Some(path::join(&workdir(build, stage, transfer.index), transfer.destination.as_deref()?))
}

/// WORKDIR; if only the base image sets it, a folder that nothing else names.
pub fn workdir(build: &Build, stage: &Stage, at: usize) -> String {
    build.workdir(stage, at).value().cloned().unwrap_or_else(|| "/?".to_owned())
}

/// Whether a file of the context is in `folder` of the image when the instruction with index `at` runs.
pub fn is_at(build: &Build, (stage, at): (&Stage, usize), path: &str, folder: &str) -> bool {
    let name = path::name(path);
    let wanted = path::join(folder, name);
    let copied = build.chain(stage).any(|below| {
        let before = build.transfers(below).iter().filter(|transfer| below.index != stage.index || transfer.index < at);
        before
            .filter(|transfer| transfer.from.is_none())
            .any(|transfer| lands(build, below, transfer, path).contains(&wanted))
    });
    let mounts = build.input().file.mounts(build.effective(at));
    let mut bound = mounts.iter().filter(|mount| mount.kind() == "bind" && mount.from().is_none());
    copied
        || bound.any(|mount| {
            let target = path::join(&workdir(build, stage, at), mount.target().unwrap_or_default());
            let source = mount.source().unwrap_or(".");
            below_source(source, path).is_some_and(|rest| path::join(&target, rest) == wanted)
        })
}

/// Where a transfer puts a file of the context.
pub fn lands(build: &Build, stage: &Stage, transfer: &Transfer, path: &str) -> Vec<String> {
    let Some(destination) = transfer.destination.as_deref() else { return Vec::new() };
    if transfer.parents {
        return Vec::new();
    }
    if transfer.exclude.iter().any(|pattern| is_like(pattern, path)) {
        return Vec::new();
    }
    let target = path::join(&workdir(build, stage, transfer.index), destination);
    let is_folder = destination.ends_with('/') || destination.ends_with('.') || transfer.sources.len() > 1;
    let mut paths = Vec::new();
    for source in transfer.sources.iter().filter_map(|source| source.text.as_deref()) {
        match below_source(source, path) {
            // The file itself, by its name or a pattern.
            Some("") => {
                let name = path::name(path);
                let pattern = source.contains(['*', '?', '[']);
                paths.push(if is_folder || pattern { path::join(&target, name) } else { target.clone() });
                paths.extend((!is_folder && !pattern).then(|| path::join(&target, name)));
            }
            Some(rest) => paths.push(path::join(&target, rest)),
            None => {}
        }
    }
    paths
}

/// The part of `path` below a source; empty if the source is the file itself.
fn below_source<'p>(source: &str, path: &'p str) -> Option<&'p str> {
    let source = source.trim_start_matches("./").trim_matches('/');
    if matches!(source, "" | "." | "*" | "**") {
        return Some(path);
    }
    if let Some(rest) = path.strip_prefix(source) {
        return if rest.is_empty() { Some("") } else { rest.strip_prefix('/') };
    }
    let (folder, name) = path::split(path);
    let (source_folder, pattern) = path::split(source);
    (folder == source_folder && pattern.contains('*') && is_like(pattern, name)).then_some("")
}

/// Whether the lock file of a call's package manager is next to the manifest that it installs: according to the
/// context, or else if a COPY above names such a file. A pattern may match nothing.
pub fn has_lock(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    if build.input().projects.is_some() && build.input().context.is_some() {
        return of(build, place, invocation, call).is_some_and(|project| project.has_lock);
    }
    let (stage, index) = place;
    let names = lock_names(call.manager);
    let is_lock = |text: &str| names.contains(&path::name(text));
    build.chain(stage).any(|below| {
        let above = build.transfers(below).iter();
        let above =
            above.filter(|transfer| transfer.from.is_none() && (below.index != stage.index || transfer.index < index));
        above.flat_map(|transfer| &transfer.sources).any(|source| source.text.as_deref().is_some_and(is_lock))
    })
}

/// The names of the lock files that a package manager reads, the usual one first.
pub fn lock_names(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
        Manager::Yarn => &["yarn.lock"],
        Manager::Pnpm => &["pnpm-lock.yaml"],
        Manager::Bun => &["bun.lock", "bun.lockb"],
        Manager::Uv => &["uv.lock"],
        Manager::Poetry => &["poetry.lock"],
        Manager::Pdm => &["pdm.lock"],
        Manager::Pipenv => &["Pipfile.lock"],
        Manager::Cargo => &["Cargo.lock"],
        Manager::Bundle => &["Gemfile.lock"],
        Manager::Composer => &["composer.lock"],
        Manager::Go => &["go.sum"],
        _ => &[],
    }
}

/// Whether a variable is set for a call, to anything but a literal no.
pub fn is_set(build: &Build, (stage, at): (&Stage, usize), invocation: &Invocation, names: &[&str]) -> bool {
    let on = |value: FoundVariable| {
        value.text().is_none_or(|value| !matches!(&*value.to_ascii_lowercase(), "" | "0" | "false" | "no"))
    };
    names.iter().any(|name| build.run_variable(stage, at, invocation, name).is_some_and(on))
}
