//! Rules about comments and the spelling of keywords.

use std::collections::BTreeMap;

use crate::dockerfile;
use crate::dockerfile::{Arguments, File, Instruction, Keyword, LineKind, PhysicalLine, Variable};
use crate::finding::{FileEdit, Finding, Findings, Fix, Form, Safety, SuppressionReach, SuppressionUse, Target};
use crate::rules::Context;
use crate::text::{Edit, Source, Span, apply};

crate::rules::family! {
    "from-as-case" => from_as_case;
    "instruction-case" => instruction_case;
    "maintainer-instruction" => maintainer_instruction;
    "empty-continuation" => empty_continuation;
    "legacy-key-value" => legacy_key_value;
    "inline-suppression" => inline_suppression;
    "unexplained-suppression" => unexplained_suppression;
    "unused-suppression" => unused_suppression;
}

fn from_as_case(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let Some(from) = cx.build().from_of(stage) else { continue };
        let Arguments::Words(words) = &from.arguments else { continue };
        let [_, sign, _, ..] = words.as_slice() else { continue };
        let (keyword, written) = (file.str(from.name), file.str(*sign));
        let right = if keyword == keyword.to_lowercase() {
            written.to_lowercase()
        } else if keyword == keyword.to_uppercase() {
            written.to_uppercase()
        } else {
            continue;
        };
        if written == right {
            continue;
        }
        let mut finding = cx.finding(sign.span, format!("`{written}` and `{keyword}` differ in case"));
        if right.eq_ignore_ascii_case("as") {
            finding = finding.safe_edit(format!("write `{right}`"), sign.span, right);
        }
        out.push(finding);
    }
}

fn instruction_case(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    // Instructions before the first FROM are not counted.
    let first = cx.build().stages().first().map_or(usize::MAX, |stage| stage.start);
    let is_known = |instruction: &&Instruction| instruction.keyword != Keyword::Unknown;
    let all: Vec<&Instruction> = file.instructions().iter().skip(first).filter(is_known).collect();
    let (mut small, mut capital) = (0, 0);
    for instruction in &all {
        let name = file.str(instruction.name);
        if name == name.to_lowercase() {
            small += 1;
        } else if name == name.to_uppercase() {
            capital += 1;
        }
    }
    for instruction in all {
        let name = file.str(instruction.name);
        let (right, most) = if small > capital {
            (name.to_lowercase(), "in lower case")
        } else {
            (name.to_uppercase(), "in upper case")
        };
        if name != right {
            let finding = cx
                .finding(instruction.name.span, format!("`{name}` differs from the rest of the file, which is {most}"));
            out.push(finding.safe_edit(format!("write `{right}`"), instruction.name.span, right));
        }
    }
}

fn maintainer_instruction(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for instruction in file.instructions().iter().filter(|instruction| instruction.keyword == Keyword::Maintainer) {
        let finding =
            cx.finding(instruction.head, "MAINTAINER is deprecated; use the label `org.opencontainers.image.authors`");
        let finding = finding.help("write `LABEL org.opencontainers.image.authors=\"…\"`");
        let Some(operand) = file.operand(instruction) else {
            out.push(finding.without("DL4000"));
            continue;
        };
        let name = operand.text.trim_matches('"');
        // A label is not allowed before the first FROM either.
        let inside = cx.build().stages().first().is_some_and(|first| instruction.span.start >= first.base_span.start);
        let plain = !name.contains(['"', '\\', '$', '`', '\n']) && !name.is_empty();
        out.push(finding.when(inside && plain && file.source().slice(operand.span) == operand.text, |finding| {
            let text = format!("LABEL org.opencontainers.image.authors=\"{name}\"");
            finding.safe_edit("replace MAINTAINER with a label", instruction.head, text)
        }));
    }
}

fn empty_continuation(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    let mut empty: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
    for line in file.lines() {
        if let LineKind::InnerBlank(index) = line.kind {
            empty.entry(index).or_default().push(line.span);
        }
    }
    for (index, lines) in empty {
        let Some(first) = lines.first() else { continue };
        let name = file.str(file.instructions()[index as usize].name).to_uppercase();
        let mut finding = cx.finding(*first, format!("an empty line inside this {name}: the builder skips it"));
        finding = finding.help("remove it, or replace it with a comment");
        // The builder reports the last line of the instruction.
        let last = file.head_end_line(index);
        finding = finding.reported_at("NoEmptyContinuation", last);
        let target = Target::File(cx.file());
        let edits = lines.iter().map(|span| FileEdit { target: target.clone(), span: *span, text: String::new() });
        finding.fixes.push(Fix { title: "remove the empty line".into(), safety: Safety::Safe, edits: edits.collect() });
        out.push(finding);
    }
}

fn legacy_key_value(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for (index, instruction) in cx.build().stages().iter().flat_map(|stage| cx.build().effective_instructions(stage)) {
        if !matches!(instruction.keyword, Keyword::Env | Keyword::Label) {
            continue;
        }
        for pair in file.variables(instruction).iter().filter(|pair| pair.legacy) {
            let name = instruction.keyword.as_str();
            let message = format!("`{name} key value` uses the whole rest of the line as the value");
            let finding = cx.finding_at(index, pair.span, message).help(format!("write `{name} key=value`"));
            out.push(finding.with(edited(cx, pair, file.escape()), |finding, text| {
                finding.safe_edit("write it with `=`", pair.span, text)
            }));
        }
    }
}

/// The pair with `=`, where its value certainly stays the same.
fn edited(cx: &Context, pair: &Variable, escape: char) -> Option<String> {
    let source = cx.source();
    let gap = source.slice(Span::new(pair.name.span.end, pair.value.span.start));
    let (name, value) = (source.slice(pair.name.span), source.slice(pair.value.span));
    let plain = |text: &str| !text.contains(['"', '\'', '\n', escape, '\\']);
    if name != pair.name.text || value != pair.value.text || gap.contains('\n') || !plain(name) || name.contains('=') {
        return None;
    }
    if plain(value) {
        let blank = value.is_empty() || value.contains(char::is_whitespace);
        return Some(if blank { format!("{name}=\"{value}\"") } else { format!("{name}={value}") });
    }
    // One quoted string and nothing else.
    let quoted = ['"', '\''].iter().any(|quote| {
        let inner = value.strip_prefix(*quote).and_then(|rest| rest.strip_suffix(*quote));
        inner.is_some_and(plain)
    });
    quoted.then(|| format!("{name}={value}"))
}

fn inline_suppression(cx: &Context, out: &mut Findings) {
    for judged in cx.suppressions() {
        let suppression = &judged.suppression;
        if !matches!(suppression.form, Form::Dockopt | Form::Hadolint) {
            continue;
        }
        let help = "suppress it in the settings instead: `[[ignore]]` in dockopt.toml";
        let finding = cx.finding_in(suppression.file, suppression.span, "this comment suppresses findings").help(help);
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
            cx.finding_in(judged.suppression.file, judged.suppression.span, "this suppression gives no reason")
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
            let finding = cx.finding_in(suppression.file, suppression.span, whole(judged));
            out.push(removed(cx, judged, with_likely_reason(cx, judged, finding), suppression.removal, "remove it"));
            continue;
        }
        for index in (0..count).filter(|index| idle(*index)) {
            let named = &suppression.named[index];
            let finding = cx.finding_in(
                suppression.file,
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
    let file = &cx.build().input().file;
    if suppression.file == cx.file() && !is_behind_directives(file, span) && !stays(source, span) {
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

/// Whether the removal of comments lies where no directive can come of it: directives end at the first line that is none.
fn is_behind_directives(file: &File, span: Span) -> bool {
    let source = file.source();
    let is_other = |line: &&PhysicalLine| line.kind != LineKind::Directive;
    let Some(first) = file.lines().iter().find(is_other) else { return false };
    let number = source.line(span.start) as usize;
    let removed = file.lines().get(number.saturating_sub(1)..source.line(span.end) as usize).unwrap_or_default();
    let removed: Vec<_> = removed.iter().filter(|line| line.span.start < span.end).collect();
    let are_whole = removed.iter().all(|line| span.contains(line.span));
    // The part of a line behind its `#`.
    let is_part = |line: &PhysicalLine| {
        let before = source.slice(Span::new(line.span.start, span.start.max(line.span.start)));
        before.trim_start().starts_with('#') && span.end < line.span.end
    };
    first.span.end <= span.start
        && !source.slice(first.span).starts_with("#!")
        && removed.iter().all(|line| matches!(line.kind, LineKind::Comment | LineKind::InnerComment(_)))
        && (are_whole || matches!(removed[..], [line] if is_part(line)))
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
