//! Rules about caches that package managers of systems leave in the image.

use super::cache_reader;
use super::cleanup::{self, Cleanup};
use super::{Context, option_removal};
use crate::build::Run;
use crate::finding::{Findings, Safety};
use crate::shell::{Invocation, Manager, PackageCall, SeparatorKind, Verb, Word, program::Kind, program::Program};
use crate::text::{Span, path};

super::family! {
    "dnf-cache-kept" => |cx, out| {
        let managers = &[Manager::Dnf, Manager::Microdnf];
        let folders = &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf"];
        check(cx, out, &MetadataCache { managers, fills: fetches, empties: cleans_all, folders, clean: "clean all" });
    };
    "yum-cache-kept" => |cx, out| {
        let managers = &[Manager::Yum];
        let folders = &["/var/cache/yum", "/var/cache/dnf"];
        check(cx, out, &MetadataCache { managers, fills: fetches, empties: cleans_all, folders, clean: "clean all" });
    };
    "zypper-cache-kept" => |cx, out| {
        let managers = &[Manager::Zypper];
        let fills = |call: &PackageCall| call.verb == Verb::Install;
        check(cx, out, &MetadataCache { managers, fills, empties: |_| true, folders: &["/var/cache/zypp"], clean: "clean --all" });
    };
    "apk-cache-kept" => apk_cache_kept;
}

/// A manager's cache.
struct MetadataCache {
    /// The package managers that use it.
    managers: &'static [Manager],
    /// Whether a call fills it.
    fills: fn(&PackageCall) -> bool,
    /// Whether a call of the same program empties it.
    empties: fn(&PackageCall) -> bool,
    /// The folders that it may be in.
    folders: &'static [&'static str],
    /// The arguments that empty it, without the program.
    clean: &'static str,
}

fn check(cx: &Context, out: &mut Findings, cache: &MetadataCache) {
    if cx.is_for_developers_only() {
        return;
    }
    for run in cx.build().shipped_runs().filter(|run| !run.is_mounted(cache.folders)) {
        let invocations = run.invocations();
        let fills =
            |invocation: &Invocation| invocation.call_of(cache.managers).is_some_and(|call| (cache.fills)(&call));
        let Some(at) = invocations.iter().rposition(fills) else { continue };
        let Some(call) = invocations[at].package_call() else { continue };
        if empties(&run, cache, &call, &invocations[at..]) {
            continue;
        }
        let span = Span::new(call.span.start, call.verb_span.end);
        let clean = format!("{} {}", invocations[at].path.text(), cache.clean);
        let mut finding = cx
            .finding(run.place(span), format!("`{}` leaves its package metadata in the layer", call.program))
            .help(format!("add `&& {clean}` in the same RUN, or use a cache mount on {}", cache.folders[0]));
        let commands = [clean];
        let cache = cache_reader::Cache { folders: cache.folders, program: call.program };
        if let Some(addition) = cleanup::add(&run, fills, &Cleanup { commands: &commands, cache }) {
            finding = addition.edit(finding, "empty the cache in the same RUN");
        }
        out.push(finding);
    }
}

/// Whether a command after the call removes its cache.
fn empties(run: &Run, cache: &MetadataCache, filled: &PackageCall, behind: &[Invocation]) -> bool {
    let named = |text: &str| {
        let folder = text.trim_end_matches(['*', '/']);
        text.starts_with('/')
            && cache.folders.iter().any(|cache_folder| {
                path::covers(folder, cache_folder)
                    || folder.starts_with(cache_folder)
                    || cache_folder.starts_with(folder)
            })
    };
    let removes = |invocation: &Invocation| match invocation.program {
        Some("rm" | "find") => invocation.args.iter().any(|word| word.value().is_some_and(named)),
        Some(program) if program == filled.program => {
            invocation.package_call().is_some_and(|call| call.verb == Verb::Clean && (cache.empties)(&call))
        }
        _ => false,
    };
    let trapped = |invocation: &Invocation| {
        invocation.is("trap") && invocation.args.first().is_some_and(|word| word.text().contains("clean"))
    };
    behind.iter().any(removes) || run.invocations().iter().any(trapped)
}

fn fetches(call: &PackageCall) -> bool {
    matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Update)
}

fn cleans_all(call: &PackageCall) -> bool {
    call.operands.iter().any(|word| word.is("all"))
}

const FOLDERS: [&str; 2] = ["/var/cache/apk", "/etc/apk/cache"];

fn apk_cache_kept(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    for run in cx.build().shipped_runs().filter(|run| !run.is_mounted(&FOLDERS)) {
        let invocations = run.invocations();
        let cleaned = invocations.iter().rposition(cleans);
        let update = update(&run, &invocations);
        for (at, invocation) in invocations.iter().enumerate() {
            let Some(call) = apk(invocation, Verb::Install).filter(|call| call.verb_text == "add") else { continue };
            let open = invocation.args.iter().any(|word| run.may_be_option(word));
            if call.has(&["--no-cache", "--no-network", "--simulate", "-s"])
                || open
                || cleaned.is_some_and(|last| last > at)
            {
                continue;
            }
            let span = Span::new(call.span.start, call.verb_span.end);
            let finding = cx
                .finding(run.place(span), "the package index fetched here stays in the layer")
                .help("use `apk add --no-cache`");
            out.push(finding.with(run.insertion_after(call.verb_span, "add", "--no-cache"), |finding, option| {
                let before = update.iter().filter(|(place, _)| place.end <= option.0.start);
                let mut edits: Vec<_> = before.cloned().collect();
                edits.push(option);
                // With `--no-cache`, apk fetches the index anyway.
                let is_update = |word: &&Word| matches!(word.text(), "--update" | "--update-cache" | "-U");
                edits.extend(
                    invocation
                        .args
                        .iter()
                        .find(is_update)
                        .and_then(|word| option_removal::of(&run, invocation, word.span)),
                );
                edits.sort_by_key(|(span, _)| span.start);
                let cache = cache_reader::Cache { folders: &FOLDERS, program: "apk" };
                let read =
                    cache_reader::is_behind(&run, invocation.span.end, cache) || cache_reader::is_below(&run, cache);
                let why = || Safety::Unsafe("a later command may read the index".into());
                let safety = if read { why() } else { Safety::Safe };
                finding.edits("do not store the package index", safety, edits)
            }));
        }
    }
}

fn apk<'s>(invocation: &Invocation<'s>, verb: Verb) -> Option<PackageCall<'s>> {
    invocation.call_of(&[Manager::Apk]).filter(|call| call.verb == verb)
}

fn cleans(invocation: &Invocation) -> bool {
    let named = |text: &str| {
        let folder = text.trim_end_matches(['*', '/']);
        FOLDERS.iter().any(|cache| path::covers(folder, cache) || folder.starts_with(cache))
    };
    let removes = invocation.program.is_some_and(|program| Program::of(program).is(Kind::Deletes));
    removes && invocation.args.iter().any(|word| word.text().starts_with('/') && named(word.text()))
        || apk(invocation, Verb::Clean).is_some()
}

/// An edit that removes the first `apk update` and the separator after it: with `--no-cache` no command uses its index.
fn update(run: &Run, all: &[Invocation]) -> Option<(Span, String)> {
    let invocation = all.iter().find(|candidate| apk(candidate, Verb::Update).is_some())?;
    let command = invocation.command;
    let alone = invocation.via.is_empty() && command.redirects.is_empty() && command.assignments.is_empty();
    let after = command.place.after.filter(|after| is_and(*after))?;
    let update_command = run.code.script.commands.get(invocation.outer as usize)?;
    let next = run.code.script.commands.get(invocation.outer as usize + 1)?;
    // The text between the commands is removed as well, so it must be blank.
    let top = run.code.script.is_top(&command.place) && command.place.before.is_none_or(is_and);
    let span = run.place(Span::new(update_command.span.start, next.span.start));
    let between = run.source(Span::new(after.span.end, next.span.start));
    let blank = between.chars().all(|c| c.is_whitespace() || c == run.file().escape());
    (alone && top && blank && update_command.span == command.span).then(|| (span, String::new()))
}

fn is_and(separator: crate::shell::Separator) -> bool {
    matches!(separator.kind, SeparatorKind::And | SeparatorKind::Semicolon | SeparatorKind::Newline)
}
