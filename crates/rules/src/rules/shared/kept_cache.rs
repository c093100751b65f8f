//! Download caches of package managers in layers that ship. Shared by the rules on kept caches, which define what
//! counts and how to fix it.

use crate::build::{
    Build, Code, DownloadSize, FoundVariable, Home, PackageCache, Reference, Run, Stage, StageBase, is_official,
    stops_cache,
};
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, ImpactKind, Safety, Target};
use crate::rules::Context;
use crate::rules::shared::cleanup::{self, Cache, Cleanup};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::{Span, path};

/// What a rule looks for.
pub(in crate::rules) struct KeptCacheRule {
    /// Whether a call fills a cache that nothing needs afterwards.
    pub(in crate::rules) fills: fn(&PackageCall) -> bool,
    /// Variables that disable it if they are true.
    pub(in crate::rules) variables: &'static [&'static str],
    /// How to fix it; `None` if there is no fix.
    pub(in crate::rules) cure: fn(&Context, &CacheFill) -> Option<CacheFix>,
    /// Whether the folder must be known.
    pub(in crate::rules) known: bool,
    /// The code of other linters, and whether they report a command under it.
    pub(in crate::rules) code: (&'static str, fn(&PackageCall) -> bool),
}

impl KeptCacheRule {
    /// For caches that no variable disables, wherever they are, under no code of other linters.
    pub(in crate::rules) const fn new(
        fills: fn(&PackageCall) -> bool,
        cure: fn(&Context, &CacheFill) -> Option<CacheFix>,
    ) -> Self {
        Self { fills, variables: &[], cure, known: false, code: ("", |_| true) }
    }
}

/// How a kept cache is fixed.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::rules) enum CacheFix {
    /// Add this option after the verb.
    Flag(&'static str),
    /// Add this command at the end of the script.
    Command(String),
    /// Like `Command`, with the reason why it may change what the image does.
    RiskyCommand(String, &'static str),
}

/// A command that leaves a cache in the layer.
pub(in crate::rules) struct CacheFill<'c, 's> {
    /// The program.
    pub(in crate::rules) invocation: &'c Invocation<'s>,
    /// The package manager call.
    pub(in crate::rules) call: PackageCall<'s>,
    /// The folders of its cache.
    pub(in crate::rules) folders: Vec<PackageCache>,
}

/// Reports each RUN that leaves a cache in a layer that ships.
pub(in crate::rules) fn check(cx: &Context, out: &mut Findings, rule: &KeptCacheRule) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    // The base of a part of a Dockerfile is not known: it may turn the cache off.
    if !build.is_ordinary() || build.is_fragment() {
        return;
    }
    for run in cx.shipped().flat_map(|stage| build.runs(stage)).filter(|run| run.code.is_ordinary()) {
        report(cx, run.stage, (run.index, run.code), rule, out);
    }
}

fn report<'a, 'i>(
    cx: &Context<'a, 'i>,
    stage: &'a Stage,
    (index, code): (usize, &'a Code<'i>),
    rule: &KeptCacheRule,
    out: &mut Findings,
) {
    let (build, file) = (cx.build(), &cx.build().input().file);
    let invocations = code.script.invocations();
    let mut filled = Vec::new();
    for (at, invocation) in invocations.iter().enumerate() {
        let Some(call) = invocation.package_call().filter(|call| (rule.fills)(call)) else { continue };
        let folders = build.package_caches(stage, index, invocation, &call);
        let place = (stage, index);
        let unknown = rule.known && folders.iter().all(|cache| cache.folder.is_none());
        if unknown
            || is_off(build, place, invocation, &call, rule)
            || is_mounted(build, place, &folders)
            || is_cleaned(build, place, &invocations[at + 1..], &call, &folders)
            || is_cleaned_by_script(build, place, invocation, &call, &folders)
            || invocations.iter().any(|invocation| {
                invocation.is("trap") && invocation.args.iter().any(|word| word.text().contains("rm "))
            })
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
    let message = format!("`{}` leaves its download cache in the layer{place}", first.call.title());
    let mut finding = priced(build, (stage, index), &filled, cx.finding(code.place(file, first.call.span), message));
    for other in &filled[1..] {
        finding = finding.label(code.place(file, other.call.span), "this fills the cache too");
    }
    let mut finding = finding.help("delete it in the same RUN, or use a cache mount for the folder");
    let run = Run { build, stage, index, instruction: build.effective(index), code };
    finding.fixes.extend(fix(cx, &run, &filled, rule));
    if !filled.iter().any(|fill| rule.code.1(&fill.call)) {
        finding = finding.without(rule.code.0);
    }
    out.push(finding);
}

/// Adds the size of the downloads, as far as the tables contain it.
fn priced(build: &Build, place: (&Stage, usize), filled: &[CacheFill], finding: Finding) -> Finding {
    let mut sizes = filled.iter().filter_map(|fill| {
        let size = DownloadSize::of(build, place, fill.invocation, &fill.call)?;
        Some(match fill.call.manager {
            // It keeps archives and their unpacked content.
            Manager::Yarn => (size.archive_bytes + size.disk_bytes, 2 * size.archive_bytes, size.evidence),
            // Installed files are hard links to its cache: only the index data adds size, and that was not measured.
            Manager::Uv => return None,
            _ => (size.archive_bytes, size.archive_bytes, size.evidence),
        })
    });
    let Some(first) = sizes.next() else {
        let evidence = "the folder is in a layer that ships";
        let impact = |kind| Impact::unknown(kind, evidence);
        return finding.costs(impact(ImpactKind::DiskBytes)).costs(impact(ImpactKind::PullBytes));
    };
    let (disk, pull, evidence) = sizes.fold(first, |sum, size| (sum.0 + size.0, sum.1 + size.1, sum.2));
    finding.costs(Impact::typical(ImpactKind::DiskBytes, disk, &*evidence)).costs(Impact::typical(
        ImpactKind::PullBytes,
        pull,
        evidence,
    ))
}

fn fix(cx: &Context, run: &Run, filled: &[CacheFill], rule: &KeptCacheRule) -> Option<Fix> {
    let edit = |span: Span, text: String| FileEdit { target: Target::File(cx.file()), span, text };
    let (mut edits, mut commands, mut flags): (Vec<FileEdit>, Vec<String>, Vec<&str>) = Default::default();
    let folders: Vec<&str> =
        filled.iter().flat_map(|fill| &fill.folders).filter_map(|cache| cache.folder.as_deref()).collect();
    let program =
        filled.first().map_or("", |fill| if fill.call.manager == Manager::Pip { "pip" } else { fill.call.program });
    let cache = Cache { folders: &folders, program };
    let mut risk = None;
    let mut emptied = Vec::new();
    for fill in filled {
        let cure = (rule.cure)(cx, fill)?;
        let command = match cure {
            CacheFix::Flag(flag) => {
                edits.push(edit(Span::at(behind_verb(cx, run.code, &fill.call)?), format!(" {flag}")));
                flags.push(flag);
                // The command itself may have an option to work offline.
                if cleanup::is_read_behind(run, fill.invocation.span.start, cache) {
                    risk = Some("it fails if this command or one after it reads the cache");
                }
                continue;
            }
            CacheFix::Command(command) => command,
            CacheFix::RiskyCommand(command, why) => {
                risk = Some(why);
                command
            }
        };
        emptied.push(fill.invocation.span);
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    if !flags.is_empty() && cleanup::is_read_below(run, cache) {
        risk = Some("it fails if a later step reads the cache");
    }
    if !commands.is_empty() {
        let fills = |invocation: &Invocation| emptied.contains(&invocation.span);
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

/// The position of an option after the verb of a call; `None` if the verb has no exact position.
pub(in crate::rules) fn behind_verb(cx: &Context, code: &Code, call: &PackageCall) -> Option<u32> {
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
    rule: &KeptCacheRule,
) -> bool {
    let is_set = |name: &&&str| {
        let value = build.run_variable(stage, at, invocation, name);
        value.is_some_and(|value| value.text().is_none_or(|value| stops_cache(name, &value)))
    };
    call.says("no-cache") || call.says("simulates") || rule.variables.iter().any(|name| is_set(&name))
}

/// Whether a cache or tmpfs mount contains the folders.
pub(in crate::rules) fn is_mounted(build: &Build, (stage, at): (&Stage, usize), folders: &[PackageCache]) -> bool {
    let targets = mounted(build, stage, at);
    // An unknown image may have moved the folder.
    let known = is_known(build, stage);
    let serves = |target: &str, folder: &str| {
        path::covers(target, folder)
            || path::covers(folder, target)
            || (!known && path::name(target) == path::name(folder))
    };
    let is_held = |cache: &PackageCache| match &cache.folder {
        Some(folder) => targets.iter().any(|target| serves(target, folder)),
        None => !targets.is_empty(),
    };
    !folders.is_empty() && folders.iter().all(is_held)
}

/// Whether the variables of the base image are known: official images move no cache except those in the table.
pub(in crate::rules) fn is_known(build: &Build, stage: &Stage) -> bool {
    match build.root_base(stage) {
        StageBase::Image(reference) => {
            let name = Reference::of(reference).short_name();
            // Its home folder is a symbolic link.
            is_official(name) && name != "gradle"
        }
        StageBase::Scratch => true,
        _ => false,
    }
}

/// The targets of an instruction's cache and tmpfs mounts.
fn mounted(build: &Build, stage: &Stage, at: usize) -> Vec<String> {
    let mounts = build.input().file.mounts(build.effective(at));
    let cache_mounts = mounts.iter().filter(|mount| matches!(&*mount.kind(), "cache" | "tmpfs"));
    cache_mounts.filter_map(|mount| build.scopes().expand(stage.index, at, mount.target()?)).collect()
}

/// Whether one of the programs after a call deletes its cache.
pub(in crate::rules) fn is_cleaned(
    build: &Build,
    place: (&Stage, usize),
    later: &[Invocation],
    call: &PackageCall,
    folders: &[PackageCache],
) -> bool {
    const MOST: usize = 20;
    let may = |invocation: &&Invocation| {
        deletes(invocation)
            && invocation.args.iter().any(|word| word.text().contains(['$', '~']) || names(word.text(), folders))
            || invocation.package_call().is_some_and(|call| call.verb == Verb::Clean)
    };
    later.iter().filter(may).take(MOST).any(|invocation| cleans(build, place, invocation, call, folders))
}

/// Whether a script of the context that is called behind a command deletes its cache.
fn is_cleaned_by_script(
    build: &Build,
    place: (&Stage, usize),
    fill: &Invocation,
    call: &PackageCall,
    folders: &[PackageCache],
) -> bool {
    let scripts = build.called_scripts(place.0, place.1, fill.span.start);
    scripts.iter().any(|script| is_cleaned(build, place, &script.invocations(), call, folders))
}

fn deletes(invocation: &Invocation) -> bool {
    invocation.program.is_some_and(|program| Program::of(program).is(Kind::Deletes))
}

/// Whether a program deletes the cache of a call: the package manager itself, or a program that names the folder.
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

/// Whether a path is one of the folders, or above or below one.
fn names(text: &str, folders: &[PackageCache]) -> bool {
    let path = text.trim_end_matches(['*', '/', '.']);
    let is = |cache: &PackageCache| match &cache.folder {
        Some(folder) => path::covers(path, folder) || (path.starts_with(folder.as_str()) && path.len() > 1),
        None => path.contains("cache") || path.contains("/.") || path.contains('~'),
    };
    folders.iter().any(is) || (text.contains('{') && text.contains("cache"))
}
