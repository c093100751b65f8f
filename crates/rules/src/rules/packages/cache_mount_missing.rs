//! See `rules/cache-mount-missing.md`.

use std::cell::OnceCell;

use crate::build::{
    Build, Code, DownloadSize, Reference, Run, Setting, Stage, StageBase, User, installed, is_official,
};
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, Safety, Target};
use crate::rules::Context;
use crate::rules::packages::apt;
use crate::rules::packages::apt::{Need, fetches};
use crate::rules::shared::kept_cache::{is_known, is_mounted};
use crate::rules::shared::script_end;
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word};
use crate::text::{Span, path};

crate::rules::rule!("cache-mount-missing", cache_mount_missing);

/// The finding of a RUN.
struct MissingMount {
    finding: Finding,
    /// Whether only packages of the system are downloaded, which change seldom.
    is_of_system: bool,
    span: Span,
}

fn cache_mount_missing(cx: &Context, out: &mut Findings) {
    let mut missing = missing_mounts(cx);
    // A build has one row: the first of a project's dependencies, or else the first of all.
    let at = missing.iter().position(|missing_mount| !missing_mount.is_of_system).unwrap_or(0);
    if missing.is_empty() {
        return;
    }
    let MissingMount { mut finding, .. } = missing.remove(at);
    finding.message.push_str(match missing.len() {
        0 => "",
        1 => "; so does 1 other step",
        _ => "; so do other steps",
    });
    let others = missing.into_iter().take(MOST_LABELS);
    out.push(others.fold(finding, |finding, other| finding.label(other.span, "so does this")));
}

/// The other steps that a finding shows.
const MOST_LABELS: usize = 8;

fn missing_mounts(cx: &Context) -> Vec<MissingMount> {
    let needs = OnceCell::new();
    let mut missing = Vec::new();
    for Run { build, stage, index, code, .. } in cx.build().ordinary_runs() {
        let need = || needs.get_or_init(|| apt::lists_needed(build))[index];
        let invocations = code.script.invocations();
        let mut wanted: Vec<(&Invocation, PackageCall, Vec<String>)> = Vec::new();
        for invocation in &invocations {
            let Some(call) = invocation.package_call().filter(downloads) else { continue };
            let mut caches = build.package_caches(stage, index, invocation, &call);
            if call.manager == Manager::Go && !reads_modules(build, (stage, index), invocation, &call) {
                caches.retain(|cache| cache.part != "modules");
            }
            let folders: Option<Vec<String>> = caches.iter().map(|cache| cache.folder.clone()).collect();
            let Some(folders) = folders.filter(|folders| !folders.is_empty()) else { continue };
            if !is_mounted(build, (stage, index), &caches) {
                wanted.push((invocation, call, folders));
            }
        }
        let Some((invocation, first, _)) = wanted.first() else { continue };
        let span = code.place(&build.input().file, first.span);
        let message = format!("`{}` downloads everything again each time this step runs", first.title());
        let mut evidence = "no cache mount covers the download folder of the program".to_owned();
        if let Some(size) = DownloadSize::of(build, (stage, index), invocation, first) {
            let bytes = crate::text::bytes(size.archive_bytes);
            evidence.push_str(&format!("; it downloads about {bytes}: {}", size.evidence));
        }
        let impact = Impact::slower_rebuild(evidence);
        let is_of_system = wanted.iter().all(|(_, call, _)| call.manager.is_system());
        if is_of_system && deletes_lists(&invocations) && !follows_sources(build, stage, index) {
            continue;
        }
        let finding = cx.finding(span, message).costs(impact).help(help(&wanted));
        let mut finding = finding;
        finding.fixes.extend(fix(cx, (stage, index), code, &wanted, need));
        let before = wanted.len();
        wanted.retain(|(_, call, _)| call.manager != Manager::Apt);
        if !wanted.is_empty() && wanted.len() < before {
            finding.fixes.extend(fix(cx, (stage, index), code, &wanted, need));
        }
        missing.push(MissingMount { finding, is_of_system, span });
    }
    missing
}

/// Whether a step deletes the package lists that it fetches, so that they are in no layer.
fn deletes_lists(invocations: &[Invocation]) -> bool {
    let names_lists = |word: &Word| path::is_within(word.text().trim_end_matches(['*', '/']), "/var/lib/apt/lists");
    invocations.iter().any(|invocation| invocation.is("rm") && invocation.args.iter().any(names_lists))
}

/// Whether a step comes behind a copy from the context: what changes there reruns it, which else a new base image does.
fn follows_sources(build: &Build, stage: &Stage, index: usize) -> bool {
    let mut transfers = build.chain(stage).flat_map(|below| build.transfers(below));
    transfers.any(|transfer| transfer.from.is_none() && transfer.index < index)
}

fn help(wanted: &[(&Invocation, PackageCall, Vec<String>)]) -> String {
    let mut folders: Vec<String> =
        wanted.iter().flat_map(|(.., folders)| folders).map(|folder| format!("`{folder}`")).collect();
    folders.dedup();
    format!("keep {} in a cache mount", folders.join(" and "))
}

/// Whether Go downloads modules: not if modules are switched off or vendored, or if the project has no dependencies.
fn reads_modules(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    let variable = build.run_variable(place.0, place.1, invocation, "GO111MODULE");
    if variable.is_some_and(|value| value.text().is_some_and(|text| text == "off")) || call.has(&["-mod=vendor"]) {
        return false;
    }
    let project = installed::of(build, place, invocation, call);
    project.is_none_or(|project| {
        let vendored =
            project.project.installs.iter().any(|way| way.folders.iter().any(|folder| folder.ends_with("vendor")));
        !vendored && !project.project.dependencies.is_empty()
    })
}

/// Whether a call downloads dependencies of a manifest or system packages into a cache that a mount can hold.
fn downloads(call: &PackageCall) -> bool {
    let asks = call.has(&["--help", "--version", "--dry-run", "--offline", "--no-index"]);
    let fetches = matches!(call.verb, Verb::Install | Verb::Download);
    !asks
        && match call.manager {
            Manager::Apt => call.verb == Verb::Install,
            Manager::Pip
            | Manager::Uv
            | Manager::Poetry
            | Manager::Pipenv
            | Manager::Bundle
            | Manager::Npm
            | Manager::Yarn
            | Manager::Pnpm
            | Manager::Bun
            | Manager::Composer => fetches && call.is_from_manifest() && call.verb_text != "venv",
            Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle => {
                (fetches || call.verb == Verb::Build) && call.is_from_manifest() && call.verb_text != "vet"
            }
            // Each build reads the restored packages again.
            Manager::Dotnet => {
                (fetches && call.is_from_manifest()) || matches!(&*call.verb_text, "build" | "publish" | "pack")
            }
            _ => false,
        }
}

// The edit that adds cache mounts and removes the options and commands that would empty or disable them.

/// The most characters of a line with mounts.
const LONGEST: usize = 110;

const HOOK: &str = "/etc/apt/apt.conf.d/docker-clean";

/// Adds mounts for all calls of a RUN; `lists_below` is what the steps below do with apt's lists. `None` if something would still empty one of them.
pub(in crate::rules) fn fix(
    cx: &Context,
    (stage, index): (&Stage, usize),
    code: &Code,
    wanted: &[(&Invocation, PackageCall, Vec<String>)],
    lists_below: impl Fn() -> Need,
) -> Option<Fix> {
    let build = cx.build();
    let instruction = build.instruction(index);
    let owner = owner(build, stage, &build.user_at(stage, index))?;
    let plain = wanted.iter().all(|(invocation, ..)| invocation.via.is_empty());
    if code.is_exec()
        || !plain
        || !(is_known(build, stage) || is_vendors(build, stage))
        || cx.source().slice(instruction.name.span).len() != "RUN".len()
        || !lists_are_own(code, wanted, lists_below)
    {
        return None;
    }
    let mut mounts = String::new();
    let mut folders: Vec<(Manager, String)> = Vec::new();
    for (_, call, call_folders) in wanted {
        for folder in call_folders.iter().flat_map(|folder| parts(call.manager, folder)) {
            if !folders.iter().any(|(_, known)| *known == folder) {
                // Two concurrent runs of yarn 1 corrupt each other's archives.
                let locked = matches!(call.manager, Manager::Apt | Manager::Gradle | Manager::Maven | Manager::Yarn);
                let sharing = if locked { ",sharing=locked" } else { "" };
                mounts.push_str(&format!(" --mount=type=cache,target={folder}{sharing}{owner}"));
                folders.push((call.manager, folder));
            }
        }
    }
    let edit = |span: Span, text: String| FileEdit { target: Target::File(cx.file()), span, text };
    // Each mount gets its own line if the first line would be too long.
    let line = cx.source().line_span(instruction.start_line);
    let newline = if cx.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let turn = format!(" {}{newline}   ", build.input().file.escape());
    if line.len() as usize + mounts.len() > LONGEST {
        mounts = mounts.replace(" --mount", &format!("{turn} --mount")).split_off(turn.len()) + &turn;
    }
    let mut edits = vec![edit(Span::at(instruction.name.span.end), mounts)];
    match hook(cx, stage, code, wanted) {
        Hook::Delete(at) => edits.push(edit(Span::at(at), format!("rm -f {HOOK} && "))),
        Hook::Nothing => {}
        Hook::Unknown => return None,
    }
    for (_, call, _) in wanted {
        edits.extend(switches(cx, code, call)?.into_iter().map(|span| edit(span, String::new())));
    }
    edits.extend(clean_ups(cx, code, &folders)?.into_iter().map(|span| edit(span, String::new())));
    edits.sort_by_key(|edit| edit.span);
    let why = "a later step that reads these folders no longer finds them in the layer";
    Some(Fix { title: "keep the downloads in a cache mount".into(), safety: Safety::Unsafe(why.into()), edits })
}

/// Whether no other step needs apt's lists: the mount would hide those of an earlier step, and keep its own from a later
/// one.
fn lists_are_own(
    code: &Code,
    wanted: &[(&Invocation, PackageCall, Vec<String>)],
    lists_below: impl Fn() -> Need,
) -> bool {
    if !wanted.iter().any(|(_, call, _)| call.manager == Manager::Apt) {
        return true;
    }
    let invocations = code.script.invocations();
    let installs = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| call.manager == Manager::Apt && call.verb == Verb::Install)
    };
    let first = invocations.iter().find(|invocation| fetches(invocation) || installs(invocation));
    first.is_some_and(fetches) && lists_below() != Need::Lists
}

/// Whether the publisher of a tool publishes the base image: then root's home and the caches are in their default places.
fn is_vendors(build: &Build, stage: &Stage) -> bool {
    const IMAGES: [&str; 4] =
        ["ghcr.io/astral-sh/uv", "oven/bun", "mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com/devcontainers/base"];
    matches!(build.root_base(stage), StageBase::Image(reference) if IMAGES.contains(&Reference::of(reference).short_name()))
}

/// Mount options that make the user its owner; `None` if the user's numeric ID is not known.
fn owner(build: &Build, stage: &Stage, user: &Setting<User>) -> Option<String> {
    // nodejs/docker-node: `groupadd --gid 1000 node && useradd --uid 1000`.
    let is_node =
        matches!(build.root_base(stage), StageBase::Image(image) if Reference::of(image).short_name() == "node");
    match user.value() {
        Some(User::Other(name)) if is_node && name == "node" => Some(",uid=1000,gid=1000".to_owned()),
        Some(User::Other(name)) if name.bytes().all(|byte| byte.is_ascii_digit()) => Some(format!(",uid={name}")),
        Some(User::Other(_) | User::Unknown) => None,
        _ => Some(String::new()),
    }
}

/// The folders to mount. Poetry keeps virtual environments next to its downloads; those must stay in the layer.
fn parts(manager: Manager, folder: &str) -> Vec<String> {
    match manager {
        Manager::Poetry => vec![format!("{folder}/cache"), format!("{folder}/artifacts")],
        _ => vec![folder.to_owned()],
    }
}

/// What to do about the apt hook of Debian's images that deletes archives after each install.
enum Hook {
    /// Delete it at the start of the script.
    Delete(u32),
    /// Nothing: apt is not called, or the file already handles the hook.
    Nothing,
    /// It is not known whether the image has the hook.
    Unknown,
}

fn hook(cx: &Context, stage: &Stage, code: &Code, wanted: &[(&Invocation, PackageCall, Vec<String>)]) -> Hook {
    let build = cx.build();
    let Some((_, call, _)) = wanted.iter().find(|(_, call, _)| call.manager == Manager::Apt) else {
        return Hook::Nothing;
    };
    let touched = |text: &str| text.contains("docker-clean") || text.contains("apt.conf");
    let mut above = build.chain(stage).flat_map(|stage| build.instructions(stage));
    if above.any(|(_, instruction)| touched(cx.source().slice(instruction.span))) {
        return Hook::Nothing;
    }
    let official = match build.root_base(stage) {
        StageBase::Image(reference) => is_official(Reference::of(reference).short_name()),
        _ => false,
    };
    let first = code.script.commands.first().filter(|command| command.place.scope == 0);
    let Some(first) = first else { return Hook::Unknown };
    if !(official && call.program == "apt-get") {
        return Hook::Unknown;
    }
    if code.script.compounds.iter().any(|compound| compound.span.start <= first.span.start) {
        return Hook::Unknown;
    }
    Hook::Delete(code.place(&build.input().file, first.span).start)
}

/// The options that disable the cache of a call, each with the blank before it.
fn switches(cx: &Context, code: &Code, call: &PackageCall) -> Option<Vec<Span>> {
    let names: &[&str] = match call.manager {
        Manager::Pip => &["--no-cache-dir", "--no-cache"],
        Manager::Uv => &["--no-cache", "-n"],
        Manager::Composer | Manager::Poetry => &["--no-cache"],
        _ => &[],
    };
    let mut spans = Vec::new();
    for flag in call.flags.iter().filter(|flag| names.contains(&&*flag.name)) {
        let span = code.place(&cx.build().input().file, flag.span);
        let start = cx.source().text()[..span.start as usize].trim_end_matches(' ').len() as u32;
        let exact = cx.source().slice(span) == &*flag.name && start < span.start;
        spans.push(exact.then(|| Span::new(start, span.end))?);
    }
    Some(spans)
}

/// The commands of the script that would empty a mount; `None` if one of them cannot be removed.
fn clean_ups(cx: &Context, code: &Code, folders: &[(Manager, String)]) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    for invocation in code.script.invocations() {
        let operands = || invocation.args.iter().filter(|word| !word.text().starts_with('-'));
        let names = |text: &str| {
            let path = text.trim_end_matches(['*', '/']);
            let below = ["~", "$HOME", "${HOME}"].iter().find_map(|home| path.strip_prefix(home));
            folders.iter().any(|(_, folder)| match below {
                Some(below) => format!("{folder}/").contains(&format!("{below}/")),
                None => path::covers(path, folder) || path::covers(folder, path),
            })
        };
        // A folder named by a variable may be the mount point, which cannot be deleted.
        let hidden = |text: &str| {
            let variable = text.strip_prefix('$').map(|text| text.trim_start_matches('{'));
            variable.is_some_and(|name| !name.starts_with("HOME") && name.to_ascii_uppercase().contains("CACHE"))
        };
        if invocation.is("rm") && operands().any(|word| hidden(word.text())) {
            return None;
        }
        let empties = match invocation.package_call() {
            Some(call) => call.verb == Verb::Clean && folders.iter().any(|(manager, _)| *manager == call.manager),
            None => invocation.is("rm") && operands().any(|word| names(word.text())),
        };
        if !empties {
            continue;
        }
        let whole = !invocation.is("rm") || operands().all(|word| names(word.text()));
        if !(whole && invocation.via.is_empty()) {
            return None;
        }
        spans.push(script_end::element(cx.build(), code, invocation.command)?);
    }
    Some(spans)
}
