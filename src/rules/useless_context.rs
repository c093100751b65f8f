//! See `rules/useless-context.md`.

use super::Context;
use crate::build::Build;
use crate::finding::{Basis, FileEdit, Finding, Findings, Fix, Impact, ImpactKind, Per, Safety, Saves, Target};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{ClassKind, Found};
use crate::text::Span;

super::rule!("useless-context", check);

/// Parts that a message names.
const NAMED: usize = 3;

/// Bytes below which nobody would add a line to an ignore file.
const WORTHWHILE: u64 = 100_000;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(context) = cx.context() else { return };
    let Some(fetched) = build.fetched(context) else { return };
    let useless = build.useless(context, &fetched);
    let bytes: u64 = useless.iter().map(|found| found.amount.bytes).sum();
    // What changes by itself reruns steps, however small it is; the rest only costs what it weighs.
    let changes = useless.iter().any(|found| {
        matches!(found.class.kind, ClassKind::VersionControl | ClassKind::Dependencies | ClassKind::Bytecode)
    });
    // Without any ignore file the next environment, cache or history that appears goes along unseen.
    let open = matches!(cx.ignore(), IgnoreInput::Missing(_)) && fetched.whole;
    if bytes == 0 || (bytes < WORTHWHILE && !changes && !open) {
        return;
    }
    let Some(span) = first_copy(build) else { return };
    let parts: Vec<String> =
        useless.iter().take(NAMED).map(|found| format!("`{}`", context.path(found.entry))).collect();
    let more = useless.len() - parts.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let sent = if useless.len() == 1 { "is sent" } else { "are sent" };
    let message = match cx.ignore() {
        IgnoreInput::Present(..) => format!("{}{more} {sent} although no build needs them", parts.join(", ")),
        _ => format!("no .dockerignore: {}{more} {sent} although no build needs them", parts.join(", ")),
    };
    let message = if useless.len() == 1 { message.replace("needs them", "needs it") } else { message };
    let finding = cx.finding(span, message).help("leave them out with .dockerignore").costs(Impact {
        kind: ImpactKind::ContextBytes,
        saves: Some(Saves::Bytes(bytes)),
        per: Per::Build,
        basis: Basis::Computed,
        evidence: format!("sizes of the files that COPY selects in `{}`", context.root()),
    });
    out.push(with_edit(cx, &useless, finding));
}

/// The first COPY or ADD from the context in a needed stage.
fn first_copy(build: &Build) -> Option<Span> {
    let needed = build.stages().iter().filter(|stage| build.is_needed(stage));
    let mut transfers = needed.flat_map(|stage| build.transfers(stage)).filter(|transfer| transfer.from.is_none());
    let wide = |transfer: &crate::build::Transfer| transfer.sources.iter().any(crate::build::Source::is_everything);
    let all: Vec<_> = transfers.by_ref().collect();
    let best = all.iter().find(|transfer| wide(transfer)).or_else(|| all.first())?;
    Some(best.instruction.head)
}

fn with_edit(cx: &Context, useless: &[Found], mut finding: Finding) -> Finding {
    let safe = useless.iter().filter(|found| is_made_anew(found));
    let mut patterns: Vec<&str> = safe.map(|found| found.pattern.as_str()).collect();
    patterns.sort_unstable();
    patterns.dedup();
    if patterns.is_empty() {
        return finding;
    }
    let (target, span, text, title) = match cx.ignore() {
        IgnoreInput::Missing(path) => {
            (Target::New(path.clone()), Span::at(0), patterns.join("\n") + "\n", "write a .dockerignore")
        }
        IgnoreInput::Present(file, _) => {
            let source = cx.inputs().source(*file);
            let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
            let start = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { newline };
            let text = format!("{start}{}{newline}", patterns.join(newline));
            (Target::File(*file), Span::at(source.text().len() as u32), text, "add the patterns to .dockerignore")
        }
        IgnoreInput::Unknown => return finding,
    };
    let edits = vec![FileEdit { target, span, text }];
    finding.fixes.push(Fix { title: title.to_owned(), safety: Safety::Safe, edits });
    finding
}

/// What the build makes for itself, or never looks at. Results of builds and logs may be what the image is made of.
fn is_made_anew(found: &Found) -> bool {
    match found.class.kind {
        ClassKind::VersionControl
        | ClassKind::Dependencies
        | ClassKind::Bytecode
        | ClassKind::ToolCache
        | ClassKind::Editor
        | ClassKind::Pipeline => true,
        ClassKind::BuildOutput | ClassKind::Leftover | ClassKind::Secret => false,
    }
}
