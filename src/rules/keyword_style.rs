//! Rules about how instructions are written.

use std::collections::BTreeMap;

use super::Context;
use crate::dockerfile::{Arguments, Instruction, Keyword, LineKind, Variable};
use crate::finding::{FileEdit, Findings, Fix, Safety, Target};
use crate::text::Span;

super::family! {
    "from-as-case" => from_as_case;
    "instruction-case" => instruction_case;
    "maintainer-instruction" => maintainer_instruction;
    "empty-continuation" => empty_continuation;
    "legacy-key-value" => legacy_key_value;
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
