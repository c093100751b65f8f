//! See `rules/env-self-reference.md`.

use super::Context;
use crate::build::{Lookup, UndefinedReason};
use crate::dockerfile::expand::{Lex, Operator, uses};
use crate::dockerfile::{Instruction, Keyword, Variable};
use crate::finding::{Finding, Findings};
use crate::text::Span;

super::rule!("env-self-reference", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for stage in build.stages() {
        for (index, instruction) in build.effective_instructions(stage).filter(|(_, i)| i.keyword == Keyword::Env) {
            let pairs = file.variables(instruction);
            if pairs.len() < 2 {
                continue;
            }
            let undefined = build.undefined(stage, index);
            for (at, pair) in pairs.iter().enumerate() {
                if let Some(finding) = overwritten_value(cx, index, &pairs, at) {
                    out.push(finding);
                }
                for used in uses(&pair.value.text, Lex::new(file.escape())) {
                    let set = pairs.iter().position(|other| other.name.text == used.name);
                    let Some(set) = set.filter(|set| *set != at) else { continue };
                    // A value that extends its own variable loses what this ENV added before, whether or not it was already set.
                    if pair.name.text != used.name && is_set(cx, stage.index, used.name, index) {
                        continue;
                    }
                    let name = &pair.name.text;
                    let message =
                        format!("`{name}` uses the old value of `{}`, not the one set in this ENV", used.name);
                    let mut finding = cx
                        .finding_at(index, pair.value.span, message)
                        .help(format!("set `{}` in a separate ENV before this one", used.name));
                    // hadolint recognises only these two forms.
                    if used.operator != Operator::Plain {
                        finding = finding.without("DL3044");
                    }
                    if !undefined.iter().any(|undefined_variable| {
                        undefined_variable.name == used.name && undefined_variable.why == UndefinedReason::Nowhere
                    }) {
                        finding = finding.without("UndefinedVar");
                    }
                    let splits = set < at && !build.is_trigger(index);
                    out.push(if splits { split(cx, instruction, &pairs, at, finding) } else { finding });
                }
            }
        }
    }
}

/// A value that has no effect: the same ENV sets the variable again without using it.
fn overwritten_value(cx: &Context, index: usize, pairs: &[Variable], at: usize) -> Option<Finding> {
    let lex = || Lex::new(cx.build().input().file.escape());
    let pair = &pairs[at];
    let again: Vec<&Variable> = pairs[at + 1..].iter().filter(|other| other.name.text == pair.name.text).collect();
    let last = again.last()?;
    // If the later value extends this one, the finding is reported there.
    if again.iter().any(|other| uses(&other.value.text, lex()).iter().any(|used| used.name == pair.name.text)) {
        return None;
    }
    let message = format!("this value of `{}` is overwritten in the same ENV", pair.name.text);
    let finding = cx.finding_at(index, pair.span, message).help("keep one of them").without("UndefinedVar");
    let refers = uses(&pair.value.text, lex());
    let known = refers.iter().any(|used| used.name == pair.name.text && used.operator == Operator::Plain);
    Some((if known { finding } else { finding.without("DL3044") }).label(last.span, "set again"))
}

/// Whether an earlier instruction sets the variable, so that the old value may be intended.
fn is_set(cx: &Context, stage: usize, name: &str, at: usize) -> bool {
    matches!(cx.build().scopes().lookup(stage, name, at), Lookup::Defined(variable) if variable.instruction.is_some())
}

/// Splits the ENV in two, if only blanks separate the pairs.
fn split(cx: &Context, instruction: &Instruction, pairs: &[Variable], at: usize, finding: Finding) -> Finding {
    let source = cx.source();
    let gap = Span::new(pairs[at - 1].span.end, pairs[at].span.start);
    let blank = !gap.is_empty() && source.slice(gap).bytes().all(|byte| byte == b' ' || byte == b'\t');
    if !blank {
        return finding;
    }
    let keyword = source.slice(instruction.name.span);
    let why = "the variable then gets the new value";
    let text = format!("{}{keyword} ", super::line_edits::line_end(source));
    finding.unsafe_edit("split the ENV", why, gap, text)
}
