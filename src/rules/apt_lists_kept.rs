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
    for stage in cx.shipped() {
        for (index, instruction) in build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run) {
            if is_mounted(cx, instruction) {
                continue;
            }
            for code in build.code(index) {
                let invocations = code.script.invocations();
                let Some(at) = invocations.iter().rposition(|one| apt(one).is_some_and(|call| call.verb == Verb::Update))
                else {
                    continue;
                };
                if invocations[at..].iter().any(removes_lists) {
                    continue;
                }
                let span = code.place(&build.input().file, invocations[at].span);
                let finding = cx.finding(index, span, "the lists that this fetches stay in the layer");
                let finding = finding.help("delete them in the same RUN, or keep them in a cache mount");
                let finding = with_price(build, stage, finding);
                out.push(with_edit(build, stage, index, code, finding));
            }
        }
    }
}

fn apt<'s>(invocation: &Invocation<'s>) -> Option<PackageCall<'s>> {
    invocation.package_call().filter(|call| call.manager == Manager::Apt)
}

/// A cache or tmpfs mount on the lists or on a folder above them.
fn is_mounted(cx: &Context, instruction: &Instruction) -> bool {
    let mounts = cx.build().input().file.mounts(instruction);
    mounts.iter().any(|mount| mount.keeps_out_of_layer() && covers(mount.target().unwrap_or_default(), LISTS))
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
    let evidence = format!("apt-get update on Debian {}, {}", lists.suite, lists.date);
    let impact = |kind, bytes| {
        let saves = Some(Saves::Bytes(bytes));
        Impact { kind, saves, per: Per::Pull, basis: Basis::Typical, evidence: evidence.clone() }
    };
    finding
        .costs(impact(ImpactKind::DiskBytes, lists.disk_bytes))
        .costs(impact(ImpactKind::PullBytes, lists.pull_bytes))
}

fn with_edit(build: &Build, stage: &Stage, index: usize, code: &Code, finding: Finding) -> Finding {
    let Some(end) = code.script.append_at().filter(|_| !is_needed_later(build, stage, index)) else {
        return finding;
    };
    let file = &build.input().file;
    let Some(at) = code.edit_at(file, end) else { return finding };
    let text = format!("{}&& rm -rf {LISTS}/*", separator(build, index, at));
    finding.safe_edit("delete the lists in the same RUN", Span::at(at), text)
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
    let newline = if source.text()[end..].starts_with("\r\n") || source.text().contains("\r\n") { "\r\n" } else { "\n" };
    format!(" {}{newline}{indent}", file.escape())
}

/// Whether a later RUN of this stage, or one of a stage that stands on it, reads the lists without fetching them.
fn is_needed_later(build: &Build, stage: &Stage, index: usize) -> bool {
    let above = build.stages().iter().filter(|other| build.chain(other).any(|below| below.index == stage.index));
    above.flat_map(|other| build.instructions(other)).any(|(later, instruction)| {
        (instruction.keyword == Keyword::Run || instruction.keyword == Keyword::Onbuild)
            && later > index
            && build.code(later).iter().any(reads_lists)
    })
}

fn reads_lists(code: &Code) -> bool {
    let invocations = code.script.invocations();
    let calls = invocations.iter().filter_map(apt);
    let first = calls.into_iter().find(|call| matches!(call.verb, Verb::Update | Verb::Install | Verb::Upgrade));
    first.is_some_and(|call| call.verb != Verb::Update)
}
