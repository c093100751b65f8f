//! See `rules/sources-before-dependencies.md`.

use std::collections::BTreeSet;

use crate::arrange::arrange;
use crate::build::{Build, DownloadSize, GIT_IGNORE_LINES, Stage, StageBase, Transfer, installed, toolchain};
use crate::cache::{Likeness, Origins, source_file, source_file_outside};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, Safety, Target};
use crate::inputs::BuildInput;
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId, Selection};
use crate::manifest::{Ecosystem, FileKind, InstallScript, Project};
use crate::rules::Context;
use crate::rules::files::context_waste::is_excluded;
use crate::rules::shared::copied_packages;
use crate::rules::shared::copied_packages::StageCopy;
use crate::shell::{Input, InputKind, Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::text::{Edit, Span, path};

crate::rules::rule!("sources-before-dependencies", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let origins = cx.context().map(|context| Origins::new(context, cx.projects()));
    let known = cx.context().zip(origins.as_ref());
    // The state that each stage passes to the stages that are based on it.
    let mut ends: Vec<CopyState> = Vec::with_capacity(build.stages().len());
    let mut reported = BTreeSet::new();
    let mut offered = false;
    for stage in build.stages() {
        let mut state = match stage.base {
            StageBase::Stage(below) => ends.get(below).cloned().unwrap_or_default(),
            _ => CopyState::default(),
        };
        if build.is_needed(stage)
            && let Some((copied, install)) = walk(cx, stage, known, &mut state)
            && reported.insert(copied.instruction.head)
        {
            let is_here = build.instructions(stage).any(|(index, _)| index == copied.transfer.index);
            let mut finding = finding(cx, &copied, &install, is_here);
            // One stage at a time: moves in several stages are hard to review.
            if !offered {
                if lays_over_packages(cx, &install) {
                    let why = "not fixed, because the copy of the sources would then put the `.pnp.cjs` of a developer's machine over the one of the install: exclude `.pnp.*` and `.yarn/unplugged` in .dockerignore first";
                    finding.notes.push(why.to_owned());
                } else {
                    finding.fixes.extend(fix(cx, stage, &install));
                }
                offered = !finding.fixes.is_empty();
            }
            out.push(finding);
        }
        ends.push(state);
    }
}

/// The state at one position of a stage.
#[derive(Clone, Default)]
struct CopyState<'a> {
    /// The copies of sources above.
    copied: Vec<SourceCopy<'a>>,
    /// The package managers that have already installed a project's dependencies.
    fetched: Vec<Manager>,
    /// The dependencies that were copied from other stages.
    brought: Vec<Ecosystem>,
    /// Whether the finding is complete: the first copy makes all later installs rerun.
    done: bool,
}

/// A copy of sources.
#[derive(Clone)]
pub(in crate::rules) struct SourceCopy<'a> {
    instruction: &'a Instruction,
    transfer: Transfer<'a>,
    everything: bool,
    /// A file that it copies, if the context is known.
    file: Option<String>,
}

/// An install of a project's dependencies.
struct Install {
    manager: Manager,
    verb: Verb,
    span: Span,
    text: String,
    /// The scripts that run with it.
    scripts: Vec<InstallScript>,
    /// What it downloads, as far as that is known.
    size: Option<DownloadSize>,
}

impl Install {
    /// The folders whose sources its scripts compile.
    fn compiled(&self) -> Vec<String> {
        self.scripts.iter().filter_map(|script| script.sources.clone()).collect()
    }
}

/// The context, if it can be read, and where its files come from.
pub(in crate::rules) type KnownContext<'k> = Option<(&'k BuildContext, &'k Origins<'k>)>;

/// Walks a stage; returns the first install below a copy of sources, unless the install needs that copy.
fn walk<'a>(
    cx: &Context<'a, '_>,
    stage: &Stage,
    known: KnownContext,
    so_far: &mut CopyState<'a>,
) -> Option<(SourceCopy<'a>, Install)> {
    let build = cx.build();
    let mut transfers = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none()).peekable();
    let mut copy = copied_packages::stage_copies(build, stage).into_iter().peekable();
    for (index, instruction) in build.instructions(stage) {
        while let Some(copy) = copy.next_if(|copy| copy.transfer.index <= index) {
            so_far.brought.extend(ecosystems_brought_along(build, &copy));
        }
        while let Some(transfer) = transfers.next_if(|transfer| transfer.index <= index) {
            if !so_far.done {
                so_far.copied.extend(takes_sources(build, stage, transfer.clone(), known));
            }
        }
        if instruction.keyword != Keyword::Run || so_far.done {
            continue;
        }
        let Some(install) = install(cx, stage, (index, instruction), so_far) else { continue };
        match not_needed(&so_far.copied, &install, known) {
            Some(copied) => {
                so_far.done = true;
                if is_small_part(cx, stage, &install) {
                    return None;
                }
                // If the rest is copied below, the copies above are meant for the install.
                let split = !copied.everything
                    && transfers.any(|transfer| takes_sources(build, stage, transfer.clone(), known).is_some());
                return (!split).then_some((copied, install));
            }
            None if !so_far.fetched.contains(&install.manager) => so_far.fetched.push(install.manager),
            None => {}
        }
    }
    None
}

/// Whether `go build` compiles a small part of a project and only that part is copied: it downloads the few modules
/// that this part needs, while a separate download would fetch all of them.
fn is_small_part(cx: &Context, stage: &Stage, install: &Install) -> bool {
    let Some(context) = cx.context() else {
        return false;
    };
    if !(install.manager == Manager::Go && install.verb == Verb::Build) {
        return false;
    }
    let is_code = |id: EntryId| {
        let entry = context.entry(id);
        entry.kind == ContextEntryKind::File && FileKind::of(entry.name).is_code()
    };
    let transfers = cx.build().transfers(stage).iter().filter(|transfer| transfer.from.is_none());
    let selections = transfers.flat_map(|transfer| transfer.select(context)).collect::<Option<Vec<_>>>();
    let Some(selections) = selections else { return false };
    let tops = |selection: &Selection| selection.tops.iter().flatten().copied().collect::<Vec<_>>();
    let entries: BTreeSet<EntryId> = selections
        .iter()
        .flat_map(|selection| selection.entries.iter().copied().chain(tops(selection)))
        .filter(|id| is_code(*id))
        .collect();
    let all = context.entries().filter(|id| is_code(*id)).count();
    entries.len() * 10 < all
}

/// Whether a COPY takes source files. A file that it names counts only if it is code that no RUN calls by name.
pub(in crate::rules) fn takes_sources<'a>(
    build: &Build<'a>,
    stage: &Stage,
    mut transfer: Transfer<'a>,
    known: KnownContext,
) -> Option<SourceCopy<'a>> {
    let everything = transfer.sources.iter().any(crate::build::Source::is_everything);
    let instruction = transfer.instruction;
    let Some((context, origins)) = known else {
        return everything.then_some(SourceCopy { instruction, transfer, everything, file: None });
    };
    transfer.sources.retain(|source| {
        let path = source.text.as_deref().unwrap_or_default().trim_start_matches("./").trim_matches('/');
        let file = context.find(path).filter(|id| context.entry(*id).kind == ContextEntryKind::File);
        file.is_none_or(|id| {
            let name = context.entry(id).name;
            Likeness::of_name(name).is_program() && !is_called(build, stage, name)
        })
    });
    let file = source_file(&transfer, context, origins)?;
    Some(SourceCopy { instruction, transfer, everything, file: Some(file) })
}

fn is_called(build: &Build, stage: &Stage, name: &str) -> bool {
    let mut runs = build.instructions_of(stage, Keyword::Run);
    runs.any(|(_, run)| build.input().file.source().slice(run.span).contains(name))
}

/// The ecosystems whose dependencies a stage installed from a manifest, if a copy takes them from it: the folder of the
/// install, or a folder of packages.
fn ecosystems_brought_along(build: &Build, copy: &StageCopy) -> Vec<Ecosystem> {
    let sources: Vec<&str> = copy.transfer.sources.iter().filter_map(|source| source.text.as_deref()).collect();
    let named =
        sources.iter().any(|source| is_of_packages(source)) || copied_packages::python_packages(build, copy).is_some();
    let mut ecosystems = Vec::new();
    for stage in build.chain(copy.maker).take(copied_packages::DEEPEST) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            for invocation in &invocations {
                let Some(call) = invocation.package_call().filter(|call| is_of_manifest(call)) else { continue };
                let Some(ecosystem) = Ecosystem::of_manager(call.manager) else { continue };
                let folder = installed::folder(build, (stage, index), invocation, &call);
                let whole = |folder: &String| sources.iter().any(|source| path::is_within(folder, source));
                if !ecosystems.contains(&ecosystem) && (named || folder.as_ref().is_some_and(whole)) {
                    ecosystems.push(ecosystem);
                }
            }
        }
    }
    ecosystems
}

/// Whether `go get` downloads what the packages of the project import: `go get -d ./...`.
fn gets_imports(call: &PackageCall, invocation: &Invocation) -> bool {
    call.manager == Manager::Go
        && &*call.verb_text == "get"
        && invocation.args.iter().skip(1).all(|word| word.text().starts_with(['-', '.']))
}

fn is_of_manifest(call: &PackageCall) -> bool {
    let cooks = call.manager == Manager::Cargo && &*call.verb_text == "chef cook";
    cooks || matches!(call.verb, Verb::Install | Verb::Download) && call.is_from_manifest()
}

/// Whether a path is a folder of packages, or the parent of one: `node_modules`, `/go/pkg`, `target`.
pub(in crate::rules) fn is_of_packages(source: &str) -> bool {
    let source = source.trim_end_matches('/');
    let roles = ["installed", "published", "cached", "compiled"];
    let has_role = |name: &str| roles.iter().any(|role| data::FOLDER_NAMES.has(name, role));
    let (above, name) = path::split(source);
    let pair = path::join(path::name(above), name);
    let caches = || data::PACKAGE_CACHES.rows().filter_map(|row| row.get(4).copied());
    let is_above = |folder: &str| {
        let tail = folder.strip_prefix("~/");
        source == folder
            || path::is_within(folder, source) && source.len() > 1
            || tail.is_some_and(|tail| path::is_within(tail, name))
    };
    matches!(name, "vendor" | "venv")
        || has_role(name)
        || has_role(pair.trim_start_matches('/'))
        || caches().any(is_above)
}

/// The first command of a RUN that installs from a manifest, unless an earlier one already did.
fn install(
    cx: &Context,
    stage: &Stage,
    (index, instruction): (usize, &Instruction),
    so_far: &CopyState,
) -> Option<Install> {
    let (build, fetched) = (cx.build(), &so_far.fetched);
    let code = build.code(index)?;
    let file = &build.input().file;
    let cached = file.mounts(instruction).iter().any(|mount| mount.kind() == "cache");
    for invocation in code.script.invocations() {
        let Some(call) = invocation.package_call() else { continue };
        // `npm ci` starts by deleting node_modules.
        let reinstalls = &*call.verb_text == "ci";
        let is_brought =
            Ecosystem::of_manager(call.manager).is_some_and(|of_manager| so_far.brought.contains(&of_manager));
        let counts = match call.verb {
            _ if is_brought && !reinstalls => false,
            // Without a network nothing is downloaded.
            _ if matches!(call.manager, Manager::Maven | Manager::Gradle) && call.has(&["-o", "--offline"]) => false,
            // `cargo install --path` compiles what it needs, as a build does.
            Verb::Install if call.manager == Manager::Cargo && cached => false,
            // A second install of a package manager with a single lock file only adds the project itself.
            Verb::Install | Verb::Download => {
                (call.is_from_manifest() || gets_imports(&call, &invocation))
                    && !builds_itself(&call)
                    && (call.manager == Manager::Pip || !fetched.contains(&call.manager))
                    && has_project(cx, call.manager)
            }
            // A compiler downloads what it needs; with a cache mount, or after a separate download, that costs little.
            Verb::Build => {
                fetches_to_build(call.manager)
                    && !cached
                    && !fetched.contains(&call.manager)
                    && needs_any(cx, call.manager)
            }
            _ => false,
        };
        if counts {
            let span = code.place(file, call.span);
            let text = call.title();
            let project =
                if ignores_scripts(&call) { None } else { installed::of(build, (stage, index), &invocation, &call) };
            let way = project.and_then(|project| project.install.or_else(|| project.project.install()));
            let scripts = way.map(|way| way.scripts.clone()).unwrap_or_default();
            // A cache mount keeps what was downloaded.
            let size = if cached { None } else { DownloadSize::of(build, (stage, index), &invocation, &call) };
            return Some(Install { manager: call.manager, verb: call.verb, span, text, scripts, size });
        }
    }
    None
}

fn ignores_scripts(call: &PackageCall) -> bool {
    call.has(&["--ignore-scripts", "--mode=skip-build"])
}

/// The first copy of sources that the scripts of an install do not compile.
fn not_needed<'a>(copied: &[SourceCopy<'a>], install: &Install, known: KnownContext) -> Option<SourceCopy<'a>> {
    let compiled = install.compiled();
    let Some((context, origins)) = known else { return copied.first().cloned() };
    if compiled.is_empty() {
        return copied.first().cloned();
    }
    copied.iter().find_map(|copied_entry| {
        let file = source_file_outside(&copied_entry.transfer, context, origins, &compiled)?;
        Some(SourceCopy { file: Some(file), ..copied_entry.clone() })
    })
}

/// `pip install .` and `pip install -e .` build the project from its sources: copying only the manifests is not enough.
fn builds_itself(call: &PackageCall) -> bool {
    let editable = |input: &Input| input.kind == InputKind::Editable && !input.path.text.contains("://");
    matches!(call.manager, Manager::Pip | Manager::Uv)
        && (call.packages.iter().any(|package| package.source == PackageSource::Path)
            || call.inputs.iter().any(editable))
}

const fn fetches_to_build(manager: Manager) -> bool {
    matches!(manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle | Manager::Dotnet)
}

/// The ecosystem of package managers whose projects are always recognized.
fn ecosystem(manager: Manager) -> Option<Ecosystem> {
    Ecosystem::of_manager(manager).filter(|ecosystem| !matches!(ecosystem, Ecosystem::Python | Ecosystem::DotNet))
}

/// Whether the context has a project for the package manager. Manifests that the build itself creates or downloads are
/// no reason to copy anything first.
fn has_project(cx: &Context, manager: Manager) -> bool {
    match (cx.projects(), ecosystem(manager)) {
        (Some(projects), Some(ecosystem)) => projects.iter().any(|project| project.ecosystem == ecosystem),
        _ => true,
    }
}

/// Whether the project has dependencies to download, as far as its manifests show.
fn needs_any(cx: &Context, manager: Manager) -> bool {
    let Some((projects, ecosystem)) = cx.projects().zip(ecosystem(manager)) else { return true };
    let read_all = matches!(ecosystem, Ecosystem::Go | Ecosystem::Rust);
    let needs = |project: &Project| {
        let vendored =
            || project.installs.iter().any(|way| way.folders.iter().any(|folder| folder.ends_with("vendor")));
        !read_all || (!project.dependencies.is_empty() && !vendored())
    };
    projects.iter().any(|project| project.ecosystem == ecosystem && needs(project))
}

/// The finding; `is_here`: the copy is in the stage of the install, and not in one that it is based on.
fn finding(cx: &Context, copied: &SourceCopy, install: &Install, is_here: bool) -> Finding {
    let example = copied.file.as_ref().map(|file| format!(" (such as `{file}`)")).unwrap_or_default();
    let does = if install.verb == Verb::Build { "downloads" } else { "reinstalls" };
    let change = if copied.everything { "source change" } else { "change of them" };
    let message =
        format!("sources{example} are copied before `{}`, so every {change} {does} all dependencies", install.text);
    let help = match install.manager {
        Manager::Go => "copy go.mod and go.sum, run `go mod download`, then copy the sources",
        Manager::Dotnet => "copy the project files, run `dotnet restore`, then copy the sources",
        Manager::Cargo | Manager::Maven | Manager::Gradle if install.verb == Verb::Build => {
            "copy the manifests, download the dependencies, then copy the sources; or keep the tool's cache in a cache mount"
        }
        Manager::Cargo => "keep the registry and the target folder in cache mounts: it compiles the sources too",
        _ => "copy the manifest and the lock file, install, then copy the sources",
    };
    let help = match read_by_scripts(copied, install) {
        Some(help) => help,
        None if !is_here => format!("base the stage of the install on one without the copy; else {help}"),
        None => help.to_owned(),
    };
    let place =
        if is_here { "above the install in its stage" } else { "in a stage on which that of the install is based" };
    let mut evidence = format!("the copy is {place}");
    if let Some(size) = &install.size {
        let bytes = crate::text::bytes(size.archive_bytes);
        evidence.push_str(&format!("; each rebuild downloads about {bytes} again: {}", size.evidence));
    }
    let impact = Impact::slower_rebuild(evidence);
    let finding = cx.finding(copied.instruction.head, message).help(help).costs(impact);
    finding.label(install.span, "this reruns")
}

/// What else has to be copied first if scripts of the install read more than manifests.
fn read_by_scripts(copied: &SourceCopy, install: &Install) -> Option<String> {
    if !(copied.everything || copied.file.is_some()) {
        return None;
    }
    let script = install.scripts.first()?;
    let compiled = install.scripts.iter().find_map(|script| Some((&script.name, script.sources.as_ref()?)));
    Some(match compiled {
        Some((name, folder)) => format!(
            "copy the manifests, the lock file and `{folder}`, which its script `{name}` compiles; install, then copy the other sources"
        ),
        None => format!(
            "copy the manifest, the lock file and the files that its script `{}` reads; install, then copy the other sources",
            script.name
        ),
    })
}

/// Adds the fix that copies the files of the install first and the sources after it, if those files are all known.
fn fix(cx: &Context, stage: &Stage, install: &Install) -> Option<Fix> {
    cx.projects()?;
    if cx.build().instructions(stage).any(|(_, instruction)| instruction.keyword == Keyword::Unknown) {
        return None;
    }
    let (arranged, _) = arrange(cx.build(), stage);
    let arranged = arranged?;
    let download = install.verb == Verb::Build;
    let title =
        if download { "download before the sources are copied" } else { "install before the sources are copied" };
    let rises =
        arranged.commands.iter().any(|command| *command == install.text || (download && !arranged.files.is_empty()));
    let edit = |edit: Edit| FileEdit { target: Target::File(cx.file()), span: edit.span, text: edit.text };
    // A fix must not change which user runs which step.
    let user = |text: &str| text.lines().filter(|line| line.starts_with("USER ")).count();
    let same = |edit: &Edit| user(&edit.text) == user(cx.source().slice(edit.span));
    let rises =
        rises && arranged.edits.iter().all(same) && (download || !leaves_sources(cx, stage, install, &arranged.edits));
    let edits = arranged.edits.into_iter().map(edit).collect();
    let why = "other files that the install may read are not copied yet when it runs";
    rises.then(|| Fix { title: title.into(), safety: Safety::Unsafe(why.into()), edits })
}

/// Whether the sources of a developer's machine have a file with the places of packages (Yarn's Plug'n'Play), which git
/// ignores and .dockerignore does not exclude.
fn lays_over_packages(cx: &Context, install: &Install) -> bool {
    if install.manager != Manager::Yarn {
        return false;
    }
    let Some(text) = cx.text_of(".gitignore") else { return false };
    let text = String::from_utf8_lossy(text);
    text.lines().take(GIT_IGNORE_LINES).any(|line| line.trim().trim_start_matches('/').starts_with(".pnp"))
        && !is_excluded(cx, ".pnp.cjs")
}

/// Whether copies of sources stay above the install after the edits: the rule would then take them for its needs, and be
/// silent although every change of them reruns it.
fn leaves_sources(cx: &Context, stage: &Stage, install: &Install, edits: &[Edit]) -> bool {
    let edited = crate::text::apply(cx.source(), edits).ok().and_then(|bytes| cx.source().with_bytes(bytes).ok());
    let (Some(source), Some(context)) = (edited, cx.context()) else { return true };
    let file = crate::dockerfile::parse(&source);
    let input = BuildInput { file, ..cx.build().input().clone() };
    let build = Build::new(&input);
    let Some(stage) = build.stages().get(stage.index) else { return true };
    let is_install =
        |index: usize| build.code(index).is_some_and(|code| code.has_package_call(|call| call.title() == install.text));
    let runs = build.instructions_of(stage, Keyword::Run);
    let Some(index) = runs.map(|(index, _)| index).find(|index| is_install(*index)) else { return false };
    let origins = Origins::new(context, cx.projects());
    let compiled = install.compiled();
    let above = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none() && transfer.index < index);
    above.into_iter().any(|transfer| {
        let copied = takes_sources(&build, stage, transfer.clone(), Some((context, &origins)));
        copied.is_some_and(|copied| source_file_outside(&copied.transfer, context, &origins, &compiled).is_some())
    })
}
