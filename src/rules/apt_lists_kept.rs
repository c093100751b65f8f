//! See `rules/apt-lists-kept.md`.

use super::lists_needed::{Need, apt, fetches, needs};
use super::{Context, lines, script_end};
use crate::build::{Base, Build, Code, PackageLists, Setting, Stage, User};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Basis, Finding, Findings, Impact, ImpactKind, Per, Saves};
use crate::shell::{Invocation, Verb, Word};
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
            let Some(span) = kept(build, code) else {
                paid &= !code.script.invocations().iter().any(removes_lists);
                continue;
            };
            let finding = cx
                .finding(code.place(&build.input().file, span), "the lists that this fetches stay in the layer")
                .help(if installs(code) {
                    "delete them in the same RUN, or keep them in a cache mount"
                } else {
                    "update, install and delete them in one RUN, or keep them in a cache mount"
                });
            let finding = if std::mem::replace(&mut paid, true) { finding } else { with_price(build, stage, finding) };
            let later = later.get_or_insert_with(|| needs(build))[index];
            out.push(edited(build, stage, index, later, finding));
        }
    }
}

/// Where a script fetches lists that it does not delete.
fn kept(build: &Build, code: &Code) -> Option<Span> {
    let invocations = code.script.invocations();
    let at = invocations.iter().rposition(fetches)?;
    let cleans = invocations[at..].iter().any(|one| removes_lists(one) || removes_by_name(build, code, one));
    // A trap runs at the end, wherever it was set.
    let trapped =
        invocations.iter().any(|one| one.is("trap") && one.args.first().is_some_and(|word| cleans_in(word.text())));
    (!cleans && !trapped).then_some(invocations[at].span)
}

/// Whether the packages come in the same RUN, so that the lists can go there.
fn installs(code: &Code) -> bool {
    let verbs = [Verb::Install, Verb::Upgrade, Verb::Download];
    code.script.invocations().iter().filter_map(apt).any(|call| verbs.contains(&call.verb))
}

fn cleans_in(text: &str) -> bool {
    (text.contains("rm ") && text.contains("apt")) || text.contains("dist-clean") || text.contains("distclean")
}

/// `rm -rf "$LISTS"`, where the script or a variable of the file holds the folder.
fn removes_by_name(build: &Build, code: &Code, invocation: &Invocation) -> bool {
    if !matches!(invocation.program, Some("rm" | "find")) || !invocation.args.iter().any(Word::is_dynamic) {
        return false;
    }
    let file = &build.input().file;
    let variables = file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Env | Keyword::Arg));
    let holds = |text: &str| text.contains("/var/lib/apt");
    code.text().is_some_and(holds) || variables.into_iter().any(|one| holds(file.logical(one.text)))
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
            let braces = text.contains('{') && text.contains("lists");
            text.starts_with('/') && (covers(folder, LISTS) || folder.starts_with(LISTS) || braces)
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

fn edited(build: &Build, stage: &Stage, index: usize, later: Need, finding: Finding) -> Finding {
    let Some(code) = build.code(index) else { return finding };
    let risk = match later {
        Need::Lists => return finding,
        Need::Unknown => Some("something below may read the lists"),
        Need::Nothing => {
            script_end::shields(&code.script).then_some("a failure in the last compound would no longer end it at once")
        }
    };
    // Who fetched through another program may not delete without it.
    let through = |one: &Invocation| fetches(one) && !one.via.is_empty();
    if code.script.invocations().iter().any(through) || !is_root(build, stage, index) {
        return finding;
    }
    let (title, span, text) = if let Some(step) = only_fetches(build, index, code) {
        ("remove the step: it does nothing else", step, String::new())
    } else if let Some((at, text)) = script_end::append(build, index, code, &format!("rm -rf {LISTS}/*")) {
        ("delete the lists in the same RUN", Span::at(at), text)
    } else {
        return finding;
    };
    match risk {
        None => finding.safe_edit(title, span, text),
        Some(why) => finding.unsafe_edit(title, why, span, text),
    }
}

/// The lines of a RUN that fetches the lists and does nothing else.
fn only_fetches(build: &Build, index: usize, code: &Code) -> Option<Span> {
    let instruction = build.instruction(index);
    let [command] = &code.script.commands[..] else { return None };
    let source = build.input().file.source();
    let one_line = !source.slice(instruction.head).contains('\n') && instruction.heredocs.is_empty();
    let alone = one_line && command.redirects.is_empty() && code.script.invocations().len() == 1;
    alone.then(|| lines::of(source, instruction))
}

/// Whether the RUN at `index` may delete what belongs to root, as far as USER tells.
fn is_root(build: &Build, stage: &Stage, index: usize) -> bool {
    !matches!(build.user_at(stage, index), Setting::By(_, User::Other(_) | User::Unknown))
}
