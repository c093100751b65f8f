//! What package managers downloaded and left in a layer that ships: shared by the rules on kept caches, which say what
//! counts and how to mend it.

use super::Context;
use super::cache_reader::{self, Cache};
use super::cleanup::{self, Cleanup};
use super::run_instructions::Run;
use super::written_paths::covers;
use crate::build::{
    Build, Code, DownloadSize, FoundVariable, Home, PackageCache, Reference, Stage, StageBase, is_official,
};
use crate::dockerfile::Keyword;
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, ImpactKind, Safety, Target};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::{Span, path};

/// What a rule looks for.
pub(super) struct KeptCacheRule {
    /// Whether a call fills a cache that nothing needs afterwards.
    pub(super) fills: fn(&PackageCall) -> bool,
    /// Options that switch the cache off.
    pub(super) flags: &'static [&'static str],
    /// Variables that switch it off, when they are true.
    pub(super) variables: &'static [&'static str],
    /// How to mend it; `None` where no edit would.
    pub(super) cure: fn(&Context, &CacheFill) -> Option<CacheFix>,
    /// Whether the folder must be known.
    pub(super) known: bool,
    /// The peers' code, and whether they report a call under it.
    pub(super) code: (&'static str, fn(&PackageCall) -> bool),
}

/// How a kept cache is mended.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum CacheFix {
    /// This option goes behind the verb.
    Flag(&'static str),
    /// This command goes behind the script.
    Command(String),
    /// As before, and why it may change what the image does.
    RiskyCommand(String, &'static str),
}

/// A call that leaves a cache behind.
pub(super) struct CacheFill<'c, 's> {
    /// The program.
    pub(super) invocation: &'c Invocation<'s>,
    /// What it asks for.
    pub(super) call: PackageCall<'s>,
    /// Where it keeps what it fetched.
    pub(super) folders: Vec<PackageCache>,
}

/// Reports each RUN of the layers that ship which leaves a cache behind.
pub(super) fn check(cx: &Context, out: &mut Findings, kept: &KeptCacheRule) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    for stage in cx.shipped() {
        for (index, _) in build.instructions(stage) {
            let Some(code) =
                build.code(index).filter(|code| code.is_ordinary() && build.effective(index).keyword == Keyword::Run)
            else {
                continue;
            };
            report(cx, stage, (index, code), kept, out);
        }
    }
}

fn report<'a, 'i>(
    cx: &Context<'a, 'i>,
    stage: &'a Stage,
    (index, code): (usize, &'a Code<'i>),
    kept: &KeptCacheRule,
    out: &mut Findings,
) {
    let (build, file) = (cx.build(), &cx.build().input().file);
    let invocations = code.script.invocations();
    let mut filled = Vec::new();
    for (at, invocation) in invocations.iter().enumerate() {
        let Some(call) = invocation.package_call().filter(|call| (kept.fills)(call)) else { continue };
        let folders = build.package_caches(stage, index, invocation, &call);
        let place = (stage, index);
        let unknown = kept.known && folders.iter().all(|cache| cache.folder.is_none());
        if unknown
            || is_off(build, place, invocation, &call, kept)
            || is_mounted(build, place, &folders)
            || is_cleaned(build, place, &invocations[at + 1..], &call, &folders)
            || invocations.iter().any(|one| one.is("trap") && one.args.iter().any(|word| word.text().contains("rm ")))
        {
            continue;
        }
        filled.push(CacheFill { invocation, call, folders });
    }
    let Some(first) = filled.first() else { return };
    let place = match first.folders.iter().find_map(|cache| cache.folder.as_deref()) {
        Some(folder) => format!(" (`{folder}`)"),
        None => String::new(),
    };
    let message = format!("what `{}` downloads stays in the layer{place}", first.call.title());
    let mut finding = priced(build, (stage, index), &filled, cx.finding(code.place(file, first.call.span), message));
    for other in &filled[1..] {
        finding = finding.label(code.place(file, other.call.span), "and what this downloads");
    }
    let mut finding = finding.help("delete it in the same RUN, or keep the folder in a cache mount");
    let run = Run { build, stage, index, instruction: build.effective(index), code };
    finding.fixes.extend(fix(cx, &run, &filled, kept));
    if !filled.iter().any(|one| kept.code.1(&one.call)) {
        finding = finding.without(kept.code.0);
    }
    out.push(finding);
}

/// With what the calls download, as far as tables tell.
fn priced(build: &Build, place: (&Stage, usize), filled: &[CacheFill], finding: Finding) -> Finding {
    let mut sizes = filled.iter().filter_map(|one| {
        let size = DownloadSize::of(build, place, one.invocation, &one.call)?;
        Some(match one.call.manager {
            // It keeps archives and what was in them.
            Manager::Yarn => (size.archive_bytes + size.disk_bytes, 2 * size.archive_bytes, size.evidence),
            // What it installs is linked to its cache: what the index answers weighs, and nobody measured that.
            Manager::Uv => return None,
            _ => (size.archive_bytes, size.archive_bytes, size.evidence),
        })
    });
    let Some(first) = sizes.next() else {
        let evidence = "the folder is part of a layer that ships";
        let impact = |kind| Impact::unknown(kind, evidence);
        return finding.costs(impact(ImpactKind::DiskBytes)).costs(impact(ImpactKind::PullBytes));
    };
    let (disk, pull, evidence) = sizes.fold(first, |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2));
    finding.costs(Impact::typical(ImpactKind::DiskBytes, disk, &*evidence)).costs(Impact::typical(
        ImpactKind::PullBytes,
        pull,
        evidence,
    ))
}

fn fix(cx: &Context, run: &Run, filled: &[CacheFill], kept: &KeptCacheRule) -> Option<Fix> {
    let edit = |span: Span, text: String| FileEdit { target: Target::File(cx.file()), span, text };
    let (mut edits, mut commands, mut flags): (Vec<FileEdit>, Vec<String>, Vec<&str>) = Default::default();
    let folders: Vec<&str> =
        filled.iter().flat_map(|one| &one.folders).filter_map(|cache| cache.folder.as_deref()).collect();
    let program =
        filled.first().map_or("", |one| if one.call.manager == Manager::Pip { "pip" } else { one.call.program });
    let cache = Cache { folders: &folders, program };
    let mut risk = None;
    let mut emptied = Vec::new();
    for one in filled {
        let cure = (kept.cure)(cx, one)?;
        let command = match cure {
            CacheFix::Flag(flag) => {
                edits.push(edit(Span::at(behind_verb(cx, run.code, &one.call)?), format!(" {flag}")));
                flags.push(flag);
                // The call itself may be told to fetch nothing.
                if cache_reader::is_behind(run, one.invocation.span.start, cache) {
                    risk = Some("this command or one after it may read the cache");
                }
                continue;
            }
            CacheFix::Command(command) => command,
            CacheFix::RiskyCommand(command, why) => {
                risk = Some(why);
                command
            }
        };
        emptied.push(one.invocation.span);
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    if !flags.is_empty() && cache_reader::is_below(run, cache) {
        risk = Some("something below may read the cache");
    }
    if !commands.is_empty() {
        let fills = |one: &Invocation| emptied.contains(&one.span);
        let addition = cleanup::add(run, fills, &Cleanup { commands: &commands, cache })?;
        edits.push(edit(addition.span, addition.text));
        risk = risk.or(addition.risk);
    }
    edits.sort_by_key(|edit| edit.span.start);
    let title = match flags.first() {
        Some(flag) if commands.is_empty() => format!("add `{flag}`"),
        _ => "delete the cache in the same RUN".to_owned(),
    };
    Some(Fix { title, safety: risk.map_or(Safety::Safe, |why| Safety::Unsafe(why.into())), edits })
}

/// Where an option goes behind a call's verb; none where the verb has no exact place.
pub(super) fn behind_verb(cx: &Context, code: &Code, call: &PackageCall) -> Option<u32> {
    let file = &cx.build().input().file;
    let span = code.place(file, call.verb_span);
    let last = call.verb_text.rsplit(' ').next().filter(|word| !word.is_empty())?;
    (!code.is_exec() && cx.source().slice(span).ends_with(last)).then_some(span.end)
}

fn is_off(
    build: &Build,
    (stage, at): (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
    kept: &KeptCacheRule,
) -> bool {
    let on = |value: FoundVariable| {
        value.text().is_none_or(|value| matches!(&*value.to_ascii_lowercase(), "1" | "true" | "yes" | "on" | "y" | "t"))
    };
    let set = |name: &&&str| build.run_variable(stage, at, invocation, name).is_some_and(on);
    call.has(kept.flags) || kept.variables.iter().any(|name| set(&name))
}

/// Whether a cache or tmpfs mount holds the folders.
pub(super) fn is_mounted(build: &Build, (stage, at): (&Stage, usize), folders: &[PackageCache]) -> bool {
    let targets = mounted(build, stage, at);
    // An image of which nothing is known may have moved the folder.
    let known = is_known(build, stage);
    let serves = |target: &str, folder: &str| {
        covers(target, folder) || covers(folder, target) || (!known && path::name(target) == path::name(folder))
    };
    let held = |cache: &PackageCache| match &cache.folder {
        Some(folder) => targets.iter().any(|target| serves(target, folder)),
        None => !targets.is_empty(),
    };
    !folders.is_empty() && folders.iter().all(held)
}

/// Whether it is known which variables the base image sets: official images move no cache but those in the table.
pub(super) fn is_known(build: &Build, stage: &Stage) -> bool {
    match build.root_base(stage) {
        StageBase::Image(reference) => {
            let name = Reference::of(reference).short_name();
            // Its home folder is a link.
            is_official(name) && name != "gradle"
        }
        StageBase::Scratch => true,
        _ => false,
    }
}

/// The targets of an instruction's cache and tmpfs mounts.
fn mounted(build: &Build, stage: &Stage, at: usize) -> Vec<String> {
    let mounts = build.input().file.mounts(build.effective(at));
    let kept = mounts.iter().filter(|mount| matches!(&*mount.kind(), "cache" | "tmpfs"));
    kept.filter_map(|mount| build.scopes().expand(stage.index, at, mount.target()?)).collect()
}

/// Whether one of the programs behind a call deletes what it left.
pub(super) fn is_cleaned(
    build: &Build,
    place: (&Stage, usize),
    later: &[Invocation],
    call: &PackageCall,
    folders: &[PackageCache],
) -> bool {
    const MOST: usize = 20;
    let may = |one: &&Invocation| {
        deletes(one) && one.args.iter().any(|word| word.text().contains(['$', '~']) || names(word.text(), folders))
            || one.package_call().is_some_and(|call| call.verb == Verb::Clean)
    };
    later.iter().filter(may).take(MOST).any(|one| cleans(build, place, one, call, folders))
}

fn deletes(one: &Invocation) -> bool {
    one.program.is_some_and(|program| Program::of(program).is(Kind::Deletes))
}

/// Whether a program deletes what a call left: the manager itself, or who names the folder.
fn cleans(
    build: &Build,
    (stage, at): (&Stage, usize),
    later: &Invocation,
    call: &PackageCall,
    folders: &[PackageCache],
) -> bool {
    if let Some(other) = later.package_call() {
        return other.manager == call.manager && other.verb == Verb::Clean;
    }
    if !deletes(later) {
        return false;
    }
    let operands = later.args.iter().filter(|word| !word.text().starts_with('-'));
    operands.into_iter().any(|word| {
        let text = word.text();
        if !text.contains(['$', '~']) {
            return names(text, folders);
        }
        let mut text = text.to_owned();
        for name in word.variables().filter(|name| *name != "HOME") {
            let Some(FoundVariable::Text(value)) = build.run_variable(stage, at, later, name) else { return true };
            text = text.replace(&format!("${{{name}}}"), &value).replace(&format!("${name}"), &value);
        }
        if let Home::Known(home) = build.home(stage, at, later) {
            let below = text.strip_prefix('~').or_else(|| text.strip_prefix("$HOME"));
            if let Some(below) = below.or_else(|| text.strip_prefix("${HOME}")) {
                text = format!("{home}{below}");
            }
        }
        names(&text, folders)
    })
}

/// Whether a path is one of the folders, above or below it.
fn names(text: &str, folders: &[PackageCache]) -> bool {
    let path = text.trim_end_matches(['*', '/', '.']);
    let is = |cache: &PackageCache| match &cache.folder {
        Some(folder) => covers(path, folder) || (path.starts_with(folder.as_str()) && path.len() > 1),
        None => path.contains("cache") || path.contains("/.") || path.contains('~'),
    };
    folders.iter().any(is) || (text.contains('{') && text.contains("cache"))
}
