//! See `rules/lock-file-missing.md`.

use super::Context;
use crate::build::{BaseImage, Build, Run, Stage, StageBase, Transfer, installed, is_like};
use crate::finding::Findings;
use crate::shell::program::Program;
use crate::shell::{Invocation, LockUse, Manager, PackageCall, SeparatorKind, Verb, Word};
use crate::text::path;

super::rule!("lock-file-missing", check);

fn check(cx: &Context, out: &mut Findings) {
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
fn is_certain(invocation: &Invocation) -> bool {
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
