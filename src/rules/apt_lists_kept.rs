//! See `rules/apt-lists-kept.md`.

use super::Context;
use crate::build::{Base, Build, Code, PackageLists, Stage};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Basis, Finding, Findings, Impact, ImpactKind, Per, Saves};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("apt-lists-kept", check);

const LISTS: &str = "/var/lib/apt/lists";

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut later = None;
    // Lists that an earlier layer left are found unchanged by the next update: they are paid for once.
    let mut paid = false;
    let shipped: Vec<&Stage> = cx.shipped().collect();
    for stage in shipped.into_iter().rev() {
        for (index, instruction) in build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run) {
            let Some(code) = build.code(index).filter(|_| !is_mounted(cx, instruction)) else { continue };
            let Some(span) = kept(code) else {
                paid &= !code.script.invocations().iter().any(removes_lists);
                continue;
            };
            let finding = cx
                .finding(code.place(&build.input().file, span), "the lists that this fetches stay in the layer")
                .help("delete them in the same RUN, or keep them in a cache mount");
            let finding = if std::mem::replace(&mut paid, true) { finding } else { with_price(build, stage, finding) };
            let needed = later.get_or_insert_with(|| needed_later(build));
            let edit = if needed[index] { None } else { edit(build, index, code) };
            out.push(match edit {
                Some((at, text)) => finding.safe_edit("delete the lists in the same RUN", Span::at(at), text),
                None => finding,
            });
        }
    }
}

/// Where a script fetches lists that it does not delete.
fn kept(code: &Code) -> Option<Span> {
    let invocations = code.script.invocations();
    let fetches = |one: &Invocation| apt(one).is_some_and(|call| call.verb == Verb::Update);
    let at = invocations.iter().rposition(fetches)?;
    (!invocations[at..].iter().any(removes_lists)).then_some(invocations[at].span)
}

fn apt<'s>(invocation: &Invocation<'s>) -> Option<PackageCall<'s>> {
    invocation.package_call().filter(|call| call.manager == Manager::Apt)
}

/// A cache or tmpfs mount on the lists or on a folder above them.
fn is_mounted(cx: &Context, instruction: &Instruction) -> bool {
    let mounts = cx.build().input().file.mounts(instruction);
    mounts
        .iter()
        .any(|mount| matches!(&*mount.kind(), "cache" | "tmpfs") && covers(mount.target().unwrap_or_default(), LISTS))
}

/// `rm -rf /var/lib/apt/lists/*`, `find /var/lib/apt/lists -delete`, `apt-get dist-clean`.
fn removes_lists(invocation: &Invocation) -> bool {
    let names_lists = || {
        invocation.args.iter().filter_map(|word| word.value()).any(|text| {
            let folder = text.trim_end_matches(['*', '/']);
            text.starts_with('/') && (covers(folder, LISTS) || folder.starts_with(LISTS))
        })
    };
    match invocation.program {
        Some("rm") => names_lists(),
        Some("find") => names_lists() && invocation.args.iter().any(|word| word.is("-delete") || word.is("rm")),
        Some("apt-get" | "apt") => invocation.args.iter().any(|word| word.is("dist-clean") || word.is("distclean")),
        _ => false,
    }
}

/// Whether `folder` is `path` or above it.
fn covers(folder: &str, path: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn with_price(build: &Build, stage: &Stage, finding: Finding) -> Finding {
    let Base::Image(reference) = build.root_base(stage) else { return finding };
    let Some(lists) = PackageLists::of(reference) else { return finding };
    let evidence = format!("what apt-get update leaves on Debian {}, measured {}", lists.suite, lists.date);
    let impact = |kind, bytes| {
        let saves = Some(Saves::Bytes(bytes));
        Impact { kind, saves, per: Per::Pull, basis: Basis::Typical, evidence: evidence.clone() }
    };
    finding
        .costs(impact(ImpactKind::DiskBytes, lists.disk_bytes))
        .costs(impact(ImpactKind::PullBytes, lists.pull_bytes))
}

fn edit(build: &Build, index: usize, code: &Code) -> Option<(u32, String)> {
    let end = code.script.append_at().filter(|_| !code.is_exec())?;
    let at = code.place(&build.input().file, Span::at(end)).start;
    Some((at, format!("{}&& rm -rf {LISTS}/*", separator(build, index, at))))
}

/// A blank; or, where the RUN has a line for each command, a line of its own in the same style.
fn separator(build: &Build, index: usize, at: u32) -> String {
    let file = &build.input().file;
    let source = file.source();
    let (line, first) = (source.line(at), build.instruction(index).start_line);
    let own = source.slice(source.line_span(line));
    let indent = &own[..own.len() - own.trim_start().len()];
    let starts = own.trim_start().starts_with("&&");
    if line == first || !starts {
        return " ".to_owned();
    }
    let end = source.text()[..source.line_span(line).end as usize].len();
    let newline =
        if source.text()[end..].starts_with("\r\n") || source.text().contains("\r\n") { "\r\n" } else { "\n" };
    format!(" {}{newline}{indent}", file.escape())
}

/// For each instruction: whether a RUN below it, in its stage or in one that stands on that, reads the lists without
/// fetching them.
fn needed_later(build: &Build) -> Vec<bool> {
    let mut after = vec![false; build.input().file.instructions().len()];
    let mut at_end = vec![false; build.stages().len()];
    for stage in build.stages().iter().rev() {
        let mut needed = at_end[stage.index];
        for index in stage.instructions.clone().rev() {
            after[index] = needed;
            let first = build.code(index).and_then(first_use);
            needed = first.map_or(needed, |verb| verb != Verb::Update);
        }
        if let Base::Stage(below) = stage.base {
            at_end[below] |= needed;
        }
    }
    after
}

/// What a script does first with the lists.
fn first_use(code: &Code) -> Option<Verb> {
    let invocations = code.script.invocations();
    let verbs = invocations.iter().filter_map(apt).map(|call| call.verb);
    verbs.into_iter().find(|verb| matches!(verb, Verb::Update | Verb::Install | Verb::Upgrade))
}
