//! See `rules/apt-lists-kept.md`.

use super::cache_reader::Cache;
use super::cleanup::{self, Cleanup};
use super::lists_needed::{Need, apt, fetches, needs};
use super::{Context, line_edits};
use crate::build::{Build, Code, PackageLists, Run, Stage, StageBase};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Verb, Word};
use crate::text::{Span, path};

super::rule!("apt-lists-kept", check);

const LISTS: &str = "/var/lib/apt/lists";

fn check(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    let mut later = None;
    // The next update finds the lists of an earlier layer unchanged, so they cost space only once.
    let mut paid = false;
    let shipped: Vec<&Stage> = cx.shipped().collect();
    for stage in shipped.into_iter().rev() {
        // The mirror has no packages for this release; `end-of-life-base` reports that.
        if build.lacks_packages(stage) {
            continue;
        }
        for (index, instruction) in build.instructions(stage) {
            let run = build.effective(index);
            if run.keyword != Keyword::Run || is_mounted(cx, run) {
                continue;
            }
            let Some(code) = build.code(index) else { continue };
            // The layer of a trigger belongs to the image that is built on this one.
            let is_trigger = instruction.keyword == Keyword::Onbuild;
            let Some(span) = find_kept_lists(build, code) else {
                paid &= is_trigger || !code.script.invocations().iter().any(removes_lists);
                continue;
            };
            let later = later.get_or_insert_with(|| needs(build))[index];
            let finding = cx
                .finding(code.place(&build.input().file, span), "the package lists fetched here stay in the layer")
                .help(help(code, later));
            let finding = if paid { finding } else { with_price(build, stage, finding) };
            paid |= !is_trigger;
            let run = Run { build, stage, index, instruction: build.effective(index), code };
            out.push(edited(&run, later, finding));
        }
    }
}

fn help(code: &Code, later: Need) -> &'static str {
    match (later, installs(code)) {
        // The later RUN needs the lists: it fails if they are deleted, or are only in a cache mount of this RUN.
        (Need::Lists, true) => {
            "update, install and clean up in one RUN, together with the installs of a later RUN that has no `update`"
        }
        (_, true) => "delete them in the same RUN, or keep them in a cache mount",
        (Need::Lists, false) => "update, install and clean up in one RUN: a later RUN reads these lists",
        (_, false) => "update, install and clean up in one RUN, or keep the lists in a cache mount",
    }
}

/// The command of a script that fetches lists that the script does not delete.
fn find_kept_lists(build: &Build, code: &Code) -> Option<Span> {
    let invocations = code.script.invocations();
    let at = invocations.iter().rposition(fetches)?;
    let cleans = invocations[at..]
        .iter()
        .any(|invocation| removes_lists(invocation) || removes_by_name(build, code, invocation));
    // A trap runs at the end, wherever it was set.
    let trapped = invocations
        .iter()
        .any(|invocation| invocation.is("trap") && invocation.args.first().is_some_and(|word| cleans_in(word.text())));
    (!cleans && !trapped).then_some(invocations[at].span)
}

/// Whether the same RUN also installs packages, so that it can delete the lists.
fn installs(code: &Code) -> bool {
    let verbs = [Verb::Install, Verb::Upgrade, Verb::Download];
    code.script.invocations().iter().filter_map(apt).any(|call| verbs.contains(&call.verb))
}

fn cleans_in(text: &str) -> bool {
    (text.contains("rm ") && text.contains("apt")) || text.contains("dist-clean") || text.contains("distclean")
}

/// `rm -rf "$LISTS"`, where the script or a variable of the file holds the folder.
fn removes_by_name(build: &Build, code: &Code, invocation: &Invocation) -> bool {
    let deletes = invocation.program.is_some_and(|program| Program::of(program).is(Kind::Deletes));
    if !deletes || !invocation.args.iter().any(Word::is_dynamic) {
        return false;
    }
    let file = &build.input().file;
    let variables = file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Env | Keyword::Arg));
    let holds = |text: &str| text.contains("/var/lib/apt");
    code.text().is_some_and(holds) || variables.into_iter().any(|variable| holds(file.logical(variable.text)))
}

/// A cache or tmpfs mount on the lists or on a folder above them.
fn is_mounted(cx: &Context, instruction: &Instruction) -> bool {
    let mounts = cx.build().input().file.mounts(instruction);
    mounts.iter().any(|mount| {
        matches!(&*mount.kind(), "cache" | "tmpfs") && path::covers(mount.target().unwrap_or_default(), LISTS)
    })
}

/// `rm -rf /var/lib/apt/lists/*`, `find /var/lib/apt/lists -delete`, `apt-get dist-clean`.
fn removes_lists(invocation: &Invocation) -> bool {
    let names_lists = || {
        invocation.args.iter().filter_map(|word| word.value()).any(|text| {
            let folder = text.trim_end_matches(['*', '/']);
            let braces = text.contains('{') && text.contains("lists");
            text.starts_with('/') && (path::covers(folder, LISTS) || folder.starts_with(LISTS) || braces)
        })
    };
    match invocation.program {
        Some("rm") => names_lists(),
        Some("find") => names_lists() && invocation.args.iter().any(|word| word.is("-delete") || word.is("rm")),
        Some("apt-get" | "apt") => invocation.args.iter().any(|word| word.is("dist-clean") || word.is("distclean")),
        _ => false,
    }
}

fn with_price(build: &Build, stage: &Stage, finding: Finding) -> Finding {
    let StageBase::Image(reference) = build.root_base(stage) else { return finding };
    let known = PackageLists::of(reference).map(|lists| (lists, ""));
    let Some((lists, least)) = known.or_else(|| Some((PackageLists::shortest(reference)?, "at least "))) else {
        return finding;
    };
    let evidence =
        format!("{least}the lists that apt-get update leaves on Debian {}, measured {}", lists.suite, lists.date);
    finding.costs(Impact::typical(ImpactKind::DiskBytes, lists.disk_bytes, &*evidence)).costs(Impact::typical(
        ImpactKind::PullBytes,
        lists.pull_bytes,
        evidence,
    ))
}

fn edited(run: &Run, later: Need, finding: Finding) -> Finding {
    let doubt = match later {
        Need::Lists => return finding,
        Need::Unknown => Some("a later step may read the lists"),
        Need::Nothing => None,
    };
    let commands = [format!("rm -rf {LISTS}/*")];
    let cleanup = Cleanup { commands: &commands, cache: Cache { folders: &[LISTS], program: "" } };
    let Some(mut addition) = cleanup::add(run, fetches, &cleanup) else { return finding };
    let mut title = "delete the lists in the same RUN";
    if let Some(step) = only_fetches(run.build, run.index, run.code) {
        if run.is_trigger() {
            return finding;
        }
        title = "remove the RUN: it does nothing else";
        (addition.span, addition.text) = (step, String::new());
    }
    addition.risk = doubt.or(addition.risk);
    addition.edit(finding, title)
}

/// The lines of a RUN that fetches the lists and does nothing else.
fn only_fetches(build: &Build, index: usize, code: &Code) -> Option<Span> {
    let instruction = build.instruction(index);
    let [command] = &code.script.commands[..] else { return None };
    let source = build.input().file.source();
    let one_line = !source.slice(instruction.head).contains('\n') && instruction.heredocs.is_empty();
    let alone = one_line && command.redirects.is_empty() && code.script.invocations().len() == 1;
    alone.then(|| line_edits::of(source, instruction))
}
