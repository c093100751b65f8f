//! Rules about comments that suppress findings.

use super::Context;
use crate::dockerfile::{self, File, LineKind};
use crate::finding::{Finding, Findings, Form, SuppressionReach, SuppressionUse};
use crate::text::{Edit, Source, Span, apply};

super::family! {
    "inline-suppression" => inline_suppression;
    "unexplained-suppression" => unexplained_suppression;
    "unused-suppression" => unused_suppression;
}

fn inline_suppression(cx: &Context, out: &mut Findings) {
    for judged in cx.suppressions() {
        let suppression = &judged.suppression;
        if !matches!(suppression.form, Form::Dockopt | Form::Hadolint) {
            continue;
        }
        let help = "suppress it in the settings instead: `[[ignore]]` in dockopt.toml";
        let finding =
            cx.suppression_finding(suppression, suppression.span, "this comment suppresses findings").help(help);
        let foreign = suppression.form == Form::Hadolint;
        out.push(if foreign { finding } else { finding.without("DL1001") });
    }
}

fn unexplained_suppression(cx: &Context, out: &mut Findings) {
    if !cx.settings().is_some_and(|settings| settings.require_reason) {
        return;
    }
    for judged in cx.suppressions().iter().filter(|judged| !judged.suppression.reasoned) {
        let help = match judged.suppression.form {
            Form::Dockopt => "add `reason: …` at the end",
            Form::Settings => "add `reason = \"…\"`",
            Form::Tally => "add `;reason=…` at the end",
            _ => "add `# …` at the end",
        };
        out.push(
            cx.suppression_finding(&judged.suppression, judged.suppression.span, "this suppression gives no reason")
                .help(help),
        );
    }
}

fn unused_suppression(cx: &Context, out: &mut Findings) {
    let input = cx.build().input();
    // Text that a template generates is not visible, and the comment may be meant for it.
    let unseen = input.template.is_some() || cx.source().embedding().is_some_and(|embedding| !embedding.is_writable());
    for judged in cx.suppressions() {
        let suppression = &judged.suppression;
        if unseen && suppression.file == cx.file() {
            continue;
        }
        let idle = |index: usize| !judged.used[index] && !judged.unknown[index];
        let count = suppression.named.len();
        if (0..count).all(idle) {
            let finding = cx.suppression_finding(suppression, suppression.span, whole(judged));
            out.push(removed(cx, judged, with_likely_reason(cx, judged, finding), suppression.removal, "remove it"));
            continue;
        }
        for index in (0..count).filter(|index| idle(*index)) {
            let named = &suppression.named[index];
            let finding = cx.suppression_finding(
                suppression,
                named.span,
                format!("`{}` has no finding to suppress here", named.text),
            );
            let title = format!("remove `{}`", named.text);
            match named.removal {
                Some(removal) => out.push(removed(cx, judged, finding, removal, &title)),
                None => out.push(finding),
            }
        }
    }
}

fn whole(judged: &SuppressionUse) -> String {
    let names: Vec<String> = judged.suppression.named.iter().map(|named| format!("`{}`", named.text)).collect();
    let ended = if judged.ended { judged.suppression.until } else { None };
    let ended = ended.map(|until| format!(", and it expired on {until}")).unwrap_or_default();
    format!("this suppression is unused: there is no finding of {} here{ended}", names.join(", "))
}

/// Adds the likely reason: the comment does not cover the line that it is meant for.
fn with_likely_reason(cx: &Context, judged: &SuppressionUse, finding: Finding) -> Finding {
    let file = &cx.build().input().file;
    match (judged.suppression.form, &judged.suppression.reach) {
        (Form::Dockopt, SuppressionReach::Lines(_, 0, _)) => finding.help("put it on the line above an instruction"),
        (Form::Hadolint, SuppressionReach::Lines(_, line, _)) if !begins(file, *line) => {
            finding.help("for hadolint it applies only to the next line, and no instruction begins there")
        }
        _ => finding,
    }
}

fn begins(file: &File, line: u32) -> bool {
    let kind = file.lines().get(line as usize - 1).map(|line| line.kind);
    matches!(kind, Some(LineKind::Instruction(index)) if file.instructions()[index as usize].start_line == line)
}

fn removed(cx: &Context, judged: &SuppressionUse, finding: Finding, span: Span, title: &str) -> Finding {
    let suppression = &judged.suppression;
    let source = cx.inputs().source(suppression.file);
    if suppression.file == cx.file() && !stays(source, span) {
        return finding;
    }
    // The builder may warn about more than dockopt, and be configured to fail on warnings.
    if suppression.form == Form::Check && cx.is_strict() {
        return finding.unsafe_edit(title, "the build may fail if the builder warns about it", span, "");
    }
    // The project may still run hadolint, which may report what dockopt does not.
    if matches!(suppression.form, Form::Hadolint | Form::HadolintWide) {
        return finding.unsafe_edit(title, "hadolint may report what dockopt does not", span, "");
    }
    if suppression.form == Form::Tally {
        return finding.unsafe_edit(title, "tally may report what dockopt does not", span, "");
    }
    finding.safe_edit(title, span, "")
}

/// Whether all instructions and the other directives stay the same without a comment: if it is removed, another comment
/// may become a directive.
fn stays(source: &Source, span: Span) -> bool {
    let Ok(bytes) = apply(source, &[Edit { span, text: String::new() }]) else { return false };
    let Ok(after) = Source::new(source.name(), bytes) else { return false };
    let (before, after) = (dockerfile::parse(source), dockerfile::parse(&after));
    let directives = |file: &File| file.directives().iter().filter(|directive| !directive.span.contains(span)).count();
    let remaining = |file: &File| file.directives().iter().filter(|directive| !span.contains(directive.span)).count();
    remaining(&before) == directives(&after) && before.instructions().len() == after.instructions().len()
}
