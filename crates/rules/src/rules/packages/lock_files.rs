//! Rules about lock files.

use crate::build::installed::is_set;
use crate::build::{
    BaseImage, Build, Code, Release, Run, Stage, StageBase, Transfer, installed, is_like, reads_lock, releases,
};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Fix, Safety};
use crate::manifest::Tool;
use crate::rules::Context;
use crate::rules::shared::kept_cache::behind_verb;
use crate::shell::program::Program;
use crate::shell::{InputKind, Invocation, LockUse, Manager, PackageCall, PackageSource, SeparatorKind, Verb, Word};
use crate::text::{Span, listed, path};

crate::rules::family! {
    "lock-file-ignored" => lock_file_ignored;
    "lock-file-missing" => lock_file_missing;
    "lock-file-unchecked" => lock_file_unchecked;
    "npm-install-beside-lock" => npm_install_beside_lock;
}

fn lock_file_ignored(cx: &Context, out: &mut Findings) {
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            let place = (stage, index);
            let finding = left_behind(cx, place, code, (&invocation, &call))
                .or_else(|| overridden(cx, place, code, (&invocation, &call)));
            if let Some(finding) = finding {
                out.push(finding);
            }
        }
    }
}

type Called<'c, 's> = (&'c Invocation<'s>, &'c PackageCall<'s>);

/// The manifest is copied, but the lock file next to it is not.
fn left_behind(cx: &Context, place: (&Stage, usize), code: &Code, (invocation, call): Called) -> Option<Finding> {
    let reads = call.lock == Some(LockUse::Preferred) && matches!(call.verb, Verb::Install | Verb::Build);
    if !reads || call.manager == Manager::Go || call.has(&["--no-lockfile", "--no-package-lock"]) {
        return None;
    }
    let project = installed::of(cx.build(), place, invocation, call).filter(|project| !project.has_lock)?;
    let lock = project.install?.lock.as_deref()?;
    // The lock file of another package manager may be the one that counts.
    let context = cx.context()?;
    context.find(lock)?;
    let message = format!("`{}` resolves all versions again, because `{lock}` is not copied", call.title());
    let span = code.place(&cx.build().input().file, call.span);
    Some(cx.finding(span, message).help(format!("copy `{lock}` together with the manifest, above this step")))
}

/// The command ignores the lock file, or writes a new one.
fn overridden(cx: &Context, place: (&Stage, usize), code: &Code, (invocation, call): Called) -> Option<Finding> {
    let (what, help) = ignoring_option(call)?;
    if !installed::has_lock(cx.build(), place, invocation, call) {
        return None;
    }
    let file = &cx.build().input().file;
    let message = format!("`{}` {what}", call.title());
    let finding = cx.finding(code.place(file, call.span), message).help(help);
    let why = "the installed versions change";
    let verb = code.place(file, call.verb_span);
    let exact = cx.source().slice(verb) == call.verb_text && !code.is_exec();
    Some(match (call.manager, call.verb) {
        (Manager::Composer | Manager::Bundle, Verb::Upgrade) if exact && call.packages.is_empty() => {
            finding.unsafe_edit("install what the lock file says", why, verb, "install")
        }
        (Manager::Cargo, Verb::Install) => finding.with(behind_verb(cx, code, call), |finding, at| {
            finding.unsafe_edit("add `--locked`", why, Span::at(at), " --locked")
        }),
        _ => finding,
    })
}

fn ignoring_option(call: &PackageCall) -> Option<(&'static str, &'static str)> {
    use Manager as M;
    let rewrites = (
        "resolves all versions again and ignores the lock file",
        "install from the lock file; update it outside the build",
    );
    let global = call.has(&["-g", "--global"]) || call.verb_text.starts_with("global");
    match (call.manager, call.verb) {
        (M::Composer | M::Bundle | M::Poetry | M::Pipenv | M::Cargo, Verb::Upgrade) if !global => Some(rewrites),
        (M::Npm | M::Yarn | M::Pnpm | M::Bun, Verb::Upgrade) if !global && call.packages.is_empty() => Some(rewrites),
        (M::Uv, Verb::Install) if call.verb_text == "sync" && call.has(&["--upgrade", "-U"]) => Some(rewrites),
        (M::Go, Verb::Other) if call.verb_text == "mod tidy" => {
            Some(("may change go.mod and go.sum", "run it outside the build, and `go mod download` here"))
        }
        (M::Go, Verb::Install) if call.verb_text == "get" && call.has(&["-u"]) => Some(rewrites),
        (M::Cargo, Verb::Install) if call.has(&["--path"]) && !call.has(&["--locked", "--frozen"]) => {
            Some(("ignores Cargo.lock", "add `--locked`"))
        }
        (M::Uv, Verb::Install) if call.verb_text == "pip install" => {
            let ignores_lock = call.inputs.iter().any(|input| match input.kind {
                InputKind::Requirements => input.path.text.trim_start_matches("./") == "pyproject.toml",
                InputKind::Editable => input.path.text == ".",
                _ => false,
            });
            let ignores_lock = ignores_lock
                || call
                    .packages
                    .iter()
                    .any(|package| package.source == PackageSource::Path && package.name.text == ".");
            (ignores_lock && !call.has(&["--no-deps"])).then_some(("ignores uv.lock", "run `uv sync --locked`"))
        }
        _ => None,
    }
}

fn lock_file_missing(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        if !code.script.compounds.is_empty() || !code.script.problems.is_empty() {
            continue;
        }
        let invocations = code.script.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            let Some(call) = invocation.package_call().filter(fails_without_lock) else { continue };
            let Some(folder) = installed::folder(build, (stage, index), invocation, &call) else { break };
            let surely =
                is_certain(invocation) && invocations[..at].iter().all(|earlier| keeps_locks(earlier, call.manager));
            let locks = installed::lock_names(call.manager);
            let Some((lock, _)) = locks.split_first() else { break };
            if !surely || !lacks_lock(cx, (stage, index), &call, &folder, locks) {
                break;
            }
            let option = invocation
                .args
                .iter()
                .map(Word::text)
                .find(|text| matches!(*text, "--frozen-lockfile" | "--immutable" | "--frozen" | "--locked"));
            let option = option.map(|option| format!(" {option}")).unwrap_or_default();
            let message = format!("`{}{option}` fails, because no `{lock}` is copied to `{folder}`", call.title());
            let in_context = cx.context().is_none_or(|context| context.find(lock).is_some());
            let help = if in_context {
                format!("copy `{lock}` together with the manifest, above this step")
            } else {
                format!("add `{lock}` to the repository, and copy it together with the manifest")
            };
            out.push(cx.finding(code.place(&build.input().file, call.span), message).help(help));
            break;
        }
    }
}

/// Whether the call ends with an error if there is no lock file: measured with npm 10, pnpm 10, yarn 4.5, uv, PDM, Pipenv
/// and cargo 1.95 on 2026-11-24. Yarn 1, Bun and `pipenv install --deploy` go on without one.
fn fails_without_lock(call: &PackageCall) -> bool {
    let requires = call.lock == Some(LockUse::Required) && call.packages.is_empty();
    requires
        && match call.manager {
            Manager::Npm => call.verb == Verb::Install && !call.says("global"),
            Manager::Pnpm => call.has(&["--frozen-lockfile"]) && call.verb == Verb::Install,
            Manager::Yarn => call.has(&["--immutable"]),
            Manager::Uv => call.verb_text == "sync" && !call.has(&["--script", "--package", "--all-packages"]),
            Manager::Pdm | Manager::Pipenv => call.verb_text == "sync",
            Manager::Cargo => matches!(call.verb, Verb::Build | Verb::Download),
            _ => false,
        }
}

/// Whether the command runs whatever the ones before it do, and its failure ends the step.
pub(super) fn is_certain(invocation: &Invocation) -> bool {
    let place = &invocation.command.place;
    let or = |separator: Option<crate::shell::Separator>| {
        separator.is_some_and(|separator| matches!(separator.kind, SeparatorKind::Or))
    };
    !or(place.before) && !or(place.after) && place.scope == 0
}

/// Whether the folder of the manifest is known to get no lock file.
fn lacks_lock(cx: &Context, (stage, index): (&Stage, usize), call: &PackageCall, folder: &str, locks: &[&str]) -> bool {
    let build = cx.build();
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    if BaseImage::of(image).source().is_none() || image.contains("onbuild") || folder.contains('?') {
        return false;
    }
    let file = &build.input().file;
    if file.mounts(build.effective(index)).iter().any(|mount| mount.kind() == "bind" || mount.from().is_some()) {
        return false;
    }
    let mut has_manifest = false;
    for below in build.chain(stage) {
        let is_before = |at: usize| below.index != stage.index || at < index;
        for transfer in build.transfers(below).iter().filter(|transfer| is_before(transfer.index)) {
            match copy_content(build, below, transfer, call.manager, folder, locks) {
                CopyContent::Manifest => has_manifest = true,
                CopyContent::Nothing => {}
                CopyContent::Unknown => return false,
            }
        }
        for (at, _) in build.instructions(below).filter(|(at, _)| is_before(*at)) {
            if build.instruction(at).keyword != crate::dockerfile::Keyword::Run {
                continue;
            }
            let Some(code) = build.code(at) else { return false };
            if !code.script.invocations().iter().all(|invocation| keeps_locks(invocation, call.manager)) {
                return false;
            }
        }
    }
    has_manifest
}

/// What a COPY brings to the folder of an install.
enum CopyContent {
    Manifest,
    Nothing,
    /// Maybe a lock file.
    Unknown,
}

fn copy_content(
    build: &Build,
    stage: &Stage,
    transfer: &Transfer,
    manager: Manager,
    folder: &str,
    locks: &[&str],
) -> CopyContent {
    let Some(destination) = transfer.destination.as_deref() else { return CopyContent::Unknown };
    let target = path::join(&installed::workdir(build, stage, transfer.index), destination);
    // A file below the folder is no lock file of it.
    if path::is_within(&target, folder) && target != folder && !locks.contains(&path::name(&target)) {
        let manifest = target == path::join(folder, path::name(&target)) && installed::is_manifest(manager, &target);
        let plain = manifest && transfer.from.is_none() && transfer.sources.len() == 1;
        return if plain { CopyContent::Manifest } else { CopyContent::Nothing };
    }
    if !path::is_within(folder, &target) && !path::is_within(&target, folder) {
        return CopyContent::Nothing;
    }
    if transfer.from.is_some() || transfer.parents || target != folder {
        return CopyContent::Unknown;
    }
    let mut is_manifest = false;
    for source in &transfer.sources {
        let (Some(text), false) = (source.text.as_deref(), source.is_remote()) else { return CopyContent::Unknown };
        let name = path::name(text.trim_end_matches('/'));
        let takes_lock = locks.iter().any(|lock| *lock == name || is_like(name, lock));
        // What has no ending may be a folder.
        let is_file = text == text.trim_end_matches('/') && name.trim_start_matches('.').contains('.')
            || name.starts_with('.') && name.len() > 2;
        let is_named = installed::is_manifest(manager, text);
        if takes_lock || !(is_file || is_named) {
            return CopyContent::Unknown;
        }
        is_manifest |= is_named;
    }
    if is_manifest { CopyContent::Manifest } else { CopyContent::Nothing }
}

/// Whether a command certainly writes no lock file of a package manager.
fn keeps_locks(invocation: &Invocation, manager: Manager) -> bool {
    if let Some(call) = invocation.package_call() {
        let is_own = call.manager == manager;
        return call.manager.is_system()
            || call.manager == Manager::Corepack
            || call.says("global")
            || call.manager == Manager::Pip
            || is_own && call.verb_text.starts_with("config");
    }
    let Some(name) = invocation.program else { return true };
    let names_lock = |text: &str| installed::lock_names(manager).iter().any(|lock| text.contains(lock));
    let program = Program::of(name);
    program.keeps_to_arguments()
        && !program.is(crate::shell::program::Kind::Copies)
        && !program.is(crate::shell::program::Kind::Unpacks)
        && name != "git"
        && name != "curl"
        && name != "wget"
        && !invocation.args.iter().any(|word| names_lock(word.text()))
        && !invocation
            .command
            .redirects
            .iter()
            .any(|redirect| redirect.target.as_ref().is_some_and(|target| names_lock(target.text())))
}

const WHY: &str = "it fails if the lock file does not match the manifest";

fn lock_file_unchecked(cx: &Context, out: &mut Findings) {
    for run in cx.build().ordinary_runs() {
        let Run { build, stage, index, code, .. } = run;
        for invocation in code.script.invocations() {
            let place = (stage, index);
            let Some(call) = invocation.package_call().filter(|call| call.lock == Some(LockUse::Preferred)) else {
                continue;
            };
            // `uv sync $UV_OPTIONS`: the variable may contain the option that checks.
            if invocation.args.iter().any(|word| run.may_be_option(word)) || writes_lock(&run, call.manager) {
                continue;
            }
            let Some((flag, help)) = find_cure(cx, place, &invocation, &call) else { continue };
            if !installed::has_lock(cx.build(), place, &invocation, &call) || installed::changes_manifest(build, stage)
            {
                continue;
            }
            // The stricter command fails then, and the lock file counts for nothing.
            let known = installed::of(build, place, &invocation, &call).and_then(|known| known.install);
            if known.is_some_and(|install| !reads_lock(build, place, call.manager, install)) {
                continue;
            }
            let title = call.title();
            let span = code.place(&build.input().file, call.span);
            if let Some((message, first)) = outdated(build, place, &invocation, &call) {
                out.push(cx.finding(span, message).help(format!("{first}, then {help}")));
                break;
            }
            let message = format!("`{title}` silently resolves the versions again when the lock file is out of date");
            let finding = cx.finding(span, message).help(help);
            let at = flag.and_then(|flag| Some((flag, end_of_verb(cx, code, &call)?)));
            let plain = call.manager == Manager::Bundle && invocation.via.is_empty() && !code.is_exec();
            let start = || code.place(&build.input().file, Span::at(invocation.path.span.start));
            // With its current content, the lock file may make the build fail.
            let may_be_strict = fits(build, place, &invocation, &call);
            out.push(match at {
                Some((flag, at)) if may_be_strict => edited(finding, flag, at),
                _ if !may_be_strict => finding,
                _ if plain => finding.unsafe_edit("set `BUNDLE_FROZEN`", WHY, start(), "BUNDLE_FROZEN=true "),
                _ => finding,
            });
            break;
        }
    }
}

/// Whether a step writes the lock file first: `uv lock && uv sync`.
fn writes_lock(run: &Run, manager: Manager) -> bool {
    let calls = run.invocations();
    let mut calls = calls.iter().filter_map(Invocation::package_call);
    calls.any(|call| call.manager == manager && call.verb_text == "lock")
}

/// What is said of a lock file that does not fit its manifest now, and what is to be done first: an install that checks
/// it would fail.
fn outdated(
    build: &Build,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(String, String)> {
    let known = installed::of(build, place, invocation, call)?;
    let install = known.install?;
    let lock = path::name(install.lock.as_deref()?);
    let first = format!("bring `{lock}` up to date");
    let missing = known.project.missing_in_lock(install);
    if !missing.is_empty() {
        let title = call.title();
        let message = format!("`{title}` resolves the versions again, as `{lock}` lacks {}", listed(&missing));
        return Some((message, first));
    }
    let is_read = install.locked.as_ref().is_some_and(|locked| !locked.packages.is_empty());
    (is_read && call.manager == Manager::Uv && known.project.is_in_sync(install) == Some(false)).then(|| {
        let title = call.title();
        let message = format!("`{title}` resolves the versions again, as `{lock}` was written for other dependencies");
        (message, first)
    })
}

/// Whether nothing in the context shows that an install that checks the lock file would fail: it is known to list
/// packages if the manifest names any, for the image's platform, and it was not written for other dependencies.
fn fits(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    let Some(known) = installed::of(build, place, invocation, call) else { return true };
    let Some(install) = known.install else { return true };
    let locked = install.locked.as_ref();
    let is_empty = locked.is_none_or(|locked| locked.packages.is_empty());
    let is_for_images = locked.is_none_or(|locked| !locked.for_other_systems);
    let lists_packages = !is_empty || known.project.dependencies.is_empty();
    is_for_images && lists_packages && known.project.is_in_sync(install) != Some(false)
}

fn edited(finding: Finding, flag: &str, at: u32) -> Finding {
    finding.unsafe_edit(format!("add `{flag}`"), WHY, Span::at(at), format!(" {flag}"))
}

/// After the verb; `yarn` alone has none.
fn end_of_verb(cx: &Context, code: &crate::build::Code, call: &PackageCall) -> Option<u32> {
    if !call.verb_text.is_empty() {
        return behind_verb(cx, code, call);
    }
    let span = code.place(&cx.build().input().file, call.verb_span);
    (!code.is_exec() && cx.source().slice(span) == call.program).then_some(span.end)
}

/// The option that makes the package manager fail instead, if there is one, and what to do. `None` if it fails already.
fn find_cure(
    cx: &Context,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(Option<&'static str>, String)> {
    let build = cx.build();
    let has_variable = |names: &[&str]| is_set(build, place, invocation, names);
    let add = |flag: &'static str| Some((Some(flag), format!("add `{flag}`")));
    match call.manager {
        Manager::Yarn if call.has(&["--offline", "--pure-lockfile"]) || call.verb_text == "workspaces focus" => None,
        Manager::Yarn => match yarn(cx) {
            Some(Tool::YarnBerry) if has_variable(&["CI", "YARN_ENABLE_IMMUTABLE_INSTALLS"]) => None,
            Some(Tool::YarnBerry) => add("--immutable"),
            Some(_) => add("--frozen-lockfile"),
            None => Some((None, "add `--frozen-lockfile` (yarn 1) or `--immutable` (yarn 2 and later)".into())),
        },
        Manager::Pnpm if has_variable(&["CI", "npm_config_frozen_lockfile", "NPM_CONFIG_FROZEN_LOCKFILE"]) => None,
        Manager::Pnpm if call.has(&["--offline", "--no-frozen-lockfile"]) || call.verb_text == "deploy" => None,
        Manager::Pnpm | Manager::Bun | Manager::Pdm => add("--frozen-lockfile"),
        Manager::Uv if has_variable(&["UV_FROZEN", "UV_LOCKED"]) || call.has(&["--upgrade", "-U", "--script"]) => None,
        Manager::Pipenv => add("--deploy"),
        Manager::Cargo
            if !matches!(&*call.verb_text, "build" | "b" | "fetch" | "zigbuild") || call.has(&["--offline"]) =>
        {
            None
        }
        Manager::Uv | Manager::Cargo => add("--locked"),
        Manager::Bundle if has_variable(&["BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"]) || is_configured(cx) => None,
        Manager::Bundle if call.verb == Verb::Install && !call.has(&["--local"]) => {
            if is_for_other_systems(build, place, invocation, call) {
                let first = "run `bundle lock --add-platform x86_64-linux`, because Gemfile.lock does not list the image's platform";
                return Some((None, format!("{first}; then set `BUNDLE_FROZEN=1` or `BUNDLE_DEPLOYMENT=1`")));
            }
            Some((None, "set `BUNDLE_FROZEN=1` or `BUNDLE_DEPLOYMENT=1`".into()))
        }
        _ => None,
    }
}

/// Whether a frozen install would fail because of the platforms that the lock file lists.
fn is_for_other_systems(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    let install = installed::of(build, place, invocation, call).and_then(|install| install.install);
    install.and_then(|install| install.locked.as_ref()).is_some_and(|locked| locked.for_other_systems)
}

/// Which version of yarn, according to the lock files in the context.
fn yarn(cx: &Context) -> Option<Tool> {
    let mut tools = cx.projects()?.iter().flat_map(|project| &project.installs).map(|install| install.tool);
    let mut only_tool = None;
    while let Some(tool) = tools.find(|tool| matches!(tool, Tool::YarnClassic | Tool::YarnBerry)) {
        if only_tool.is_some_and(|other| other != tool) {
            return None;
        }
        only_tool = Some(tool);
    }
    only_tool
}

/// `bundle config set frozen true`, `bundle config --global deployment 1`
fn is_configured(cx: &Context) -> bool {
    let file = &cx.build().input().file;
    let mut runs = file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Run | Keyword::Copy));
    runs.any(|run| {
        let text = file.logical(run.text);
        (text.contains("config") && (text.contains("frozen") || text.contains("deployment")))
            || text.contains(".bundle")
    })
}

fn npm_install_beside_lock(cx: &Context, out: &mut Findings) {
    for Run { build, stage, index, code, .. } in cx.build().ordinary_runs() {
        for invocation in code.script.invocations() {
            let Some(call) = invocation.call_of(&[Manager::Npm]).filter(installs_all) else { continue };
            if lacks_ci(build, stage) || installed::changes_manifest(build, stage) {
                break;
            }
            let place = (stage, index);
            let Some(risk) = risk(cx, place, &invocation, &call) else { continue };
            let span = code.place(&build.input().file, call.span);
            let message = "`npm install` may change the lock file; `npm ci` follows it or fails";
            let mut finding = cx.finding(span, message).help("run `npm ci`");
            finding.fixes.extend(fix(cx, code, &call, risk));
            out.push(finding);
        }
    }
}

/// Whether the base is a Node.js whose npm does not support lock files: npm 5 came with Node.js 8.
fn lacks_ci(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    let major = |release: &Release| release.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    releases(image)
        .into_iter()
        .any(|release| release.product == "node" && major(release).is_some_and(|major| major < 8))
}

/// `npm install` without packages, in a project.
fn installs_all(call: &PackageCall) -> bool {
    call.manager == Manager::Npm
        && call.verb == Verb::Install
        && call.is_from_manifest()
        && call.lock != Some(LockUse::Required)
        && !["no-lock", "global", "simulates"].iter().any(|meaning| call.says(meaning))
}

/// Why `npm ci` might not do the same; empty if it does. `None` if there is no lock file.
fn risk(
    cx: &Context,
    (stage, index): (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<&'static str> {
    let build = cx.build();
    if cx.projects().is_none() || cx.context().is_none() {
        return names_lock(build, (stage, index)).then_some("it fails if the lock file does not match package.json");
    }
    let project = installed::of(cx.build(), (stage, index), invocation, call)?;
    if !project.has_lock {
        return None;
    }
    let install = project.install?;
    if project.project.is_in_sync(install) == Some(false) || !reads_lock(build, (stage, index), call.manager, install) {
        return None;
    }
    if installed_before(build, (stage, index)) {
        return Some("it deletes what was installed before");
    }
    let simple = project.project.members.is_empty() && project.project.workspace.is_none();
    let known = project.project.is_in_sync(install) == Some(true) && simple;
    Some(if known { "" } else { "it fails if the lock file does not match package.json" })
}

/// Whether a COPY above names the lock file itself; a pattern may match nothing.
fn names_lock(build: &Build, (stage, index): (&Stage, usize)) -> bool {
    let is_lock = |text: &str| {
        let name = path::name(text);
        matches!(name, "package-lock.json" | "npm-shrinkwrap.json")
    };
    let above = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none() && transfer.index < index);
    above.flat_map(|transfer| &transfer.sources).any(|source| source.text.as_deref().is_some_and(is_lock))
}

/// Whether packages that the manifest does not name were installed into the project.
fn installed_before(build: &Build, (stage, index): (&Stage, usize)) -> bool {
    for below in build.chain(stage) {
        for (at, _) in build.instructions(below).filter(|(at, _)| below.index != stage.index || *at <= index) {
            let Some(code) = build.code(at) else { continue };
            let named = |call: &PackageCall| {
                call.manager == Manager::Npm
                    && call.verb == Verb::Install
                    && !call.packages.is_empty()
                    && !call.has(&["-g", "--global"])
            };
            if code.has_package_call(named) {
                return true;
            }
        }
    }
    false
}

fn fix(cx: &Context, code: &Code, call: &PackageCall, risk: &'static str) -> Option<Fix> {
    let span = code.place(&cx.build().input().file, call.verb_span);
    let exact = cx.source().slice(span) == call.verb_text && !code.is_exec();
    let safety = if risk.is_empty() { Safety::Safe } else { Safety::Unsafe(risk.into()) };
    exact.then(|| cx.fix("install from the lock file", safety, span, "ci"))
}
