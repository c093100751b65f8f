//! See `rules/env-self-reference.md`.

use std::collections::HashMap;

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
            let places = places(&pairs, file.escape());
            for (at, pair) in pairs.iter().enumerate() {
                if let Some(finding) = overwritten_value(cx, index, &pairs, at, &places[&*pair.name.text]) {
                    out.push(finding);
                }
                for used in uses(&pair.value.text, Lex::new(file.escape())) {
                    let set = places.get(used.name).map(|places| places.first);
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

/// Where the pairs of one name stand among those of an ENV.
struct AssignmentRange {
    first: usize,
    last: usize,
    /// The last of them that uses the variable itself.
    extends: Option<usize>,
}

/// The places of each name. Kept, as an ENV may have thousands of pairs.
fn places<'p>(pairs: &'p [Variable], escape: char) -> HashMap<&'p str, AssignmentRange> {
    let mut places: HashMap<&'p str, AssignmentRange> = HashMap::new();
    for (at, pair) in pairs.iter().enumerate() {
        let name: &str = &pair.name.text;
        let of_name = places.entry(name).or_insert(AssignmentRange { first: at, last: at, extends: None });
        of_name.last = at;
        if uses(&pair.value.text, Lex::new(escape)).iter().any(|used| used.name == name) {
            of_name.extends = Some(at);
        }
    }
    places
}

/// A value that has no effect: the same ENV sets the variable again without using it.
fn overwritten_value(
    cx: &Context,
    index: usize,
    pairs: &[Variable],
    at: usize,
    places: &AssignmentRange,
) -> Option<Finding> {
    let pair = &pairs[at];
    // If a later value extends this one, the finding is reported there.
    if places.last == at || places.extends.is_some_and(|other| other > at) {
        return None;
    }
    let last = &pairs[places.last];
    let message = format!("this value of `{}` is overwritten in the same ENV", pair.name.text);
    let finding = cx.finding_at(index, pair.span, message).help("keep one of them").without("UndefinedVar");
    let refers = uses(&pair.value.text, Lex::new(cx.build().input().file.escape()));
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
