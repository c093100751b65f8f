//! See `rules/useless-context.md`.

use super::Context;
use super::ignore_lines::with_lines;
use crate::build::{Build, may_take_in};
use crate::finding::{Basis, CostFrequency, Finding, Findings, Impact, ImpactKind, Safety, Saving};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{BuildContext, ClassKind, ClassMatch, EntryId};
use crate::manifest::Ecosystem;
use crate::text::Span;

super::rule!("useless-context", check);

/// The number of paths that a message names.
const NAMED: usize = 3;

/// Below this many bytes, a line in an ignore file is not worth it.
const WORTHWHILE: u64 = 100_000;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(context) = cx.context() else { return };
    let Some(fetched) = build.sent_files(context) else { return };
    let mut useless = build.useless(context, &fetched);
    useless.retain(|class_match| {
        !is_brought_back(cx, &context.path(class_match.entry)) && !is_wanted(cx, context, class_match)
    });
    if !is_worthwhile(useless.iter()) {
        return;
    }
    let Some(span) = first_copy(build) else { return };
    let cautious: Vec<Option<Safety>> = useless.iter().map(|class_match| safety(cx, context, class_match)).collect();
    let edited: Vec<&ClassMatch> =
        useless.iter().zip(&cautious).filter(|(_, how)| how.is_some()).map(|(f, _)| f).collect();
    let (mut plain, mut all, mut why) = (Vec::new(), Vec::new(), None);
    let mut plain_matches = Vec::new();
    for (class_match, safety) in useless.iter().zip(cautious) {
        let Some(pattern) = safety.as_ref().and_then(|_| pattern(context, &edited, class_match)) else { continue };
        if let Some(Safety::Unsafe(reason)) = safety {
            why = Some(reason);
        } else {
            plain.push(pattern.clone());
            plain_matches.push(class_match);
        }
        all.push(pattern);
    }
    // A file with one line that saves nothing looks as if the rest were taken care of.
    if !is_worthwhile(plain_matches.iter().copied()) {
        plain.clear();
    }
    let mut finding = finding(cx, context, span, &useless, why.is_some());
    // After the safe fix, the rest is found again.
    for (mut patterns, safety) in [(plain, Some(Safety::Safe)), (all, why.map(Safety::Unsafe))] {
        let Some(safety) = safety else { continue };
        patterns.sort_unstable();
        patterns.dedup();
        finding = with_lines(cx, &patterns, safety, finding);
    }
    out.push(finding);
}

/// Whether lines for these entries are worth it.
fn is_worthwhile<'m>(matches: impl IntoIterator<Item = &'m ClassMatch>) -> bool {
    let (mut bytes, mut changes) = (0, false);
    for class_match in matches {
        bytes += class_match.amount.bytes;
        // The history changes with each commit and reruns steps, however small it is; the others only cost their size.
        changes |= class_match.class.kind == ClassKind::VersionControl;
    }
    bytes >= WORTHWHILE || bytes > 0 && changes
}

fn finding(cx: &Context, context: &BuildContext, span: Span, useless: &[ClassMatch], is_doubtful: bool) -> Finding {
    let bytes: u64 = useless.iter().map(|class_match| class_match.amount.bytes).sum();
    let parts: Vec<String> =
        useless.iter().take(NAMED).map(|class_match| format!("`{}`", context.path(class_match.entry))).collect();
    let more = useless.len() - parts.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let sent = if useless.len() == 1 { "is sent" } else { "are sent" };
    let them = if useless.len() == 1 { "it" } else { "them" };
    let lead = if matches!(cx.ignore(), IgnoreInput::Present(..)) { "" } else { "no .dockerignore: " };
    let needs = if is_doubtful { "is known to need" } else { "needs" };
    let message = format!("{lead}{}{more} {sent} to the builder although no build {needs} {them}", parts.join(", "));
    let finding = cx.finding(span, message).help("exclude them in .dockerignore");
    let has_history = useless.iter().any(|class_match| class_match.class.kind == ClassKind::VersionControl);
    let finding = if has_history { finding.costs(rerun()) } else { finding };
    finding.costs(Impact {
        kind: ImpactKind::ContextBytes,
        saves: Some(Saving::Bytes(bytes)),
        per: CostFrequency::Build,
        basis: Basis::Computed,
        evidence: format!("sizes of the files that COPY selects in `{}`", context.root()),
    })
}

/// The steps after the copy rerun after each commit.
fn rerun() -> Impact {
    Impact {
        per: CostFrequency::Commit,
        ..Impact::slower_rebuild("each commit changes the repository's history and thus the copied files")
    }
}

/// Whether another build with the same .dockerignore may need a path of the context.
fn is_wanted(cx: &Context, context: &BuildContext, class_match: &ClassMatch) -> bool {
    let question = format!("wants {}", context.path(class_match.entry));
    cx.ask_neighbours(question, |other| other.needs_entry(context, class_match).then(String::new)).is_some()
}

/// Whether an exception of .dockerignore includes a path or something below it, so that it is sent on purpose.
fn is_brought_back(cx: &Context, path: &str) -> bool {
    let IgnoreInput::Present(_, file) = cx.ignore() else { return false };
    file.patterns.iter().any(|pattern| pattern.negated && may_take_in(&pattern.text, path))
}

/// Whether the fix may exclude a path: `None` if it must not.
fn safety(cx: &Context, context: &BuildContext, class_match: &ClassMatch) -> Option<Safety> {
    let path = context.path(class_match.entry);
    if !is_made_anew(class_match) {
        return None;
    }
    // A line that the builder rejects makes the whole file ineffective.
    if matches!(cx.ignore(), IgnoreInput::Present(_, file) if file.error().is_some()) {
        return None;
    }
    let is_unknown = |build: &Build| build.named_paths(true).unknown.then(String::new);
    if is_unknown(cx.build()).or_else(|| cx.ask_neighbours("copies the unknown", is_unknown)).is_some() {
        return Some(Safety::Unsafe("a COPY takes a path that is known only during the build".into()));
    }
    let why = match class_match.class.kind {
        ClassKind::VersionControl => {
            let others = || cx.ask_neighbours("reads the history", |other| other.may_read_history(true));
            cx.build().may_read_history(false).or_else(others)
        }
        ClassKind::Dependencies if path.contains('/') || has_several(cx, &path) => {
            Some(format!("no step is known to install the content of `{path}`"))
        }
        ClassKind::Dependencies if cx.build().lays_over(context, class_match) => Some(format!(
            "the copy of `{path}` overwrites what an earlier step installed; the image would then contain only the latter"
        )),
        _ => None,
    };
    Some(why.map_or(Safety::Safe, Safety::Unsafe))
}

/// Whether the folder of installed packages may belong to another project than the one that a step installs.
fn has_several(cx: &Context, path: &str) -> bool {
    let ecosystem = match path {
        "node_modules" => Ecosystem::Node,
        "vendor" => Ecosystem::Php,
        ".bundle" => Ecosystem::Ruby,
        _ => return false,
    };
    let projects = cx.projects().unwrap_or_default().iter().filter(|project| project.ecosystem == ecosystem);
    projects.into_iter().any(|project| !project.root.is_empty() && project.workspace.is_none())
}

/// The line that excludes exactly this path; `None` if there is no simple one.
fn pattern(context: &BuildContext, edited: &[&ClassMatch], class_match: &ClassMatch) -> Option<String> {
    let Some(name) = class_match.pattern.strip_prefix("**/") else { return Some(class_match.pattern.clone()) };
    let takes = |id: EntryId| match name.strip_prefix('*') {
        Some(end) => context.entry(id).name.ends_with(end),
        None => context.entry(id).name == name,
    };
    let is_excluded = |id: EntryId| {
        edited.iter().any(|class_match| class_match.entry == id || context.is_below(id, class_match.entry))
    };
    let same =
        edited.iter().all(|other| other.pattern != class_match.pattern || other.class.kind != ClassKind::Dependencies)
            || !edited.iter().any(|other| other.pattern == class_match.pattern && other.entry != class_match.entry);
    if same && !context.entries().any(|id| takes(id) && !is_excluded(id)) {
        return Some(class_match.pattern.clone());
    }
    let path = context.path(class_match.entry);
    // Characters that a line can't contain unescaped, or that a reader would not see.
    let odd = |c: char| "*?[]\\\u{fffd}".contains(c) || c.is_control() || ('\u{2028}'..='\u{2069}').contains(&c);
    (!path.contains(odd) && !path.starts_with(['!', '#']) && path.trim() == path).then_some(path)
}

/// The first COPY or ADD from the context in a needed stage.
fn first_copy(build: &Build) -> Option<Span> {
    let needed = build.needed_stages();
    let mut transfers = needed.flat_map(|stage| build.transfers(stage)).filter(|transfer| transfer.from.is_none());
    let wide = |transfer: &crate::build::Transfer| transfer.sources.iter().any(crate::build::Source::is_everything);
    let all: Vec<_> = transfers.by_ref().collect();
    let best = all.iter().find(|transfer| wide(transfer)).or_else(|| all.first())?;
    Some(best.instruction.head)
}

/// Files that the build creates itself or never reads. Build results and logs may be needed in the image.
fn is_made_anew(class_match: &ClassMatch) -> bool {
    match class_match.class.kind {
        ClassKind::VersionControl
        | ClassKind::Dependencies
        | ClassKind::Bytecode
        | ClassKind::ToolCache
        | ClassKind::Editor
        | ClassKind::Pipeline => true,
        ClassKind::BuildOutput | ClassKind::Leftover | ClassKind::Secret => false,
    }
}
