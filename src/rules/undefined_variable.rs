//! See `rules/undefined-variable.md`.

use super::Context;
use crate::build::{UndefinedReason, UndefinedVariable};
use crate::dockerfile::{Instruction, Keyword, Variable};
use crate::finding::Findings;
use crate::text::Span;

super::rule!("undefined-variable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            for undefined_variable in build.undefined(stage, index) {
                let near = build
                    .scopes()
                    .nearest(stage.index, &undefined_variable.name, index)
                    .filter(|near| *near != undefined_variable.name);
                // A variable that the base image may set counts as a typo only if it is close to a known name.
                if undefined_variable.why == UndefinedReason::NotInStage
                    || (undefined_variable.why == UndefinedReason::Perhaps
                        && !near.is_some_and(|near| is_slip(&undefined_variable.name, near)))
                {
                    continue;
                }
                // This syntax shows that the author knows that it may be empty.
                let text = cx.source().slice(instruction.span);
                if ["+", ":+"].iter().any(|sign| text.contains(&format!("${{{}{sign}", undefined_variable.name))) {
                    continue;
                }
                // `env-self-reference` reports that.
                if instruction.keyword == Keyword::Env && is_set_beside(cx, index, &undefined_variable) {
                    continue;
                }
                let message = if undefined_variable.guarded {
                    format!("`{}` is not set, so its default always applies", undefined_variable.name)
                } else {
                    format!("`{}` is not set, so it is empty here", undefined_variable.name)
                };
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if own_pair(cx, instruction, &undefined_variable).is_some() => {
                        "remove it: the variable has no previous value".to_owned()
                    }
                    None => "set it with ARG or ENV above".to_owned(),
                };
                let joined = path_like_join(cx, instruction, &undefined_variable);
                let (message, help) = match &joined {
                    Some(joined) if near.is_none() => {
                        (joined.message(&undefined_variable.name), format!("remove it, or write `{}`", joined.text))
                    }
                    _ => (message, help),
                };
                let mut finding = cx.finding(undefined_variable.span, message).help(help);
                if let (Some(joined), None) = (joined, near) {
                    let why = "an empty entry means the current folder to many programs";
                    finding = finding.unsafe_edit("add it only if it is set", why, joined.span, joined.text);
                }
                let text = cx.source().slice(undefined_variable.span);
                if let (Some(near), 1) = (near, text.matches(undefined_variable.name.as_str()).count()) {
                    let why = "the name is a guess: the closest known one";
                    let text = text.replacen(undefined_variable.name.as_str(), near, 1);
                    finding = finding.unsafe_edit(format!("use `{near}`"), why, undefined_variable.span, text);
                }
                out.push(finding);
            }
        }
    }
}

/// A use of a variable in its own value, joined by `:`.
struct JoinedUse {
    /// The use with the colon.
    span: Span,
    /// The text that joins the value only if it is set.
    text: String,
    /// Whether the colon is after the use.
    first: bool,
}

impl JoinedUse {
    fn message(&self, name: &str) -> String {
        let what = if self.first { "begins" } else { "ends" };
        format!(
            "`{name}` has no value yet, so the new value {what} with an empty entry, which many programs treat as the current folder"
        )
    }
}

/// `ENV X=$X:/lib`, `ENV X="/lib:$X"`.
fn path_like_join(
    cx: &Context,
    instruction: &Instruction,
    undefined_variable: &UndefinedVariable,
) -> Option<JoinedUse> {
    let (pair_span, source) = (own_pair(cx, instruction, undefined_variable)?, cx.source());
    let unquoted = |text: &str| text.trim_matches('"').to_owned();
    let before = unquoted(source.slice(Span::new(pair_span.start, undefined_variable.span.start)));
    let behind = unquoted(source.slice(Span::new(undefined_variable.span.end, pair_span.end)));
    let (used, name) = (source.slice(undefined_variable.span), &undefined_variable.name);
    if before.is_empty() && behind.starts_with(':') {
        let span = Span::new(undefined_variable.span.start, undefined_variable.span.end + 1);
        return Some(JoinedUse { span, text: format!("${{{name}:+{used}:}}"), first: true });
    }
    let last = behind.is_empty() && before.ends_with(':');
    let span = Span::new(undefined_variable.span.start.saturating_sub(1), undefined_variable.span.end);
    last.then(|| JoinedUse { span, text: format!("${{{name}:+:{used}}}"), first: false })
}

/// The value in an ENV that uses the variable which it sets.
fn own_pair(cx: &Context, instruction: &Instruction, undefined_variable: &UndefinedVariable) -> Option<Span> {
    if instruction.keyword != Keyword::Env || undefined_variable.guarded {
        return None;
    }
    let pairs = cx.build().input().file.variables(instruction);
    let is_own = |pair: &&Variable| {
        pair.value.span.contains(undefined_variable.span) && *pair.name.text == *undefined_variable.name
    };
    pairs.iter().find(is_own).map(|pair| pair.value.span)
}

/// Whether a name is so close to a known one that it is probably a typo: `HOME` and `ROLE` are not that close.
pub(super) fn is_slip(name: &str, near: &str) -> bool {
    let distance = strsim::osa_distance(name, near);
    distance <= if name.len() >= 8 { 2 } else { 1 }
}

/// Whether another pair of the same ENV sets the variable.
fn is_set_beside(cx: &Context, index: usize, undefined_variable: &UndefinedVariable) -> bool {
    let file = &cx.build().input().file;
    let pairs = file.variables(&file.instructions()[index]);
    let pair_name = |pair: &&Variable| {
        pair.span.start <= undefined_variable.span.start && undefined_variable.span.end <= pair.span.end
    };
    let pair_name = pairs.iter().find(pair_name).map(|pair| &pair.name.text);
    pair_name.is_some_and(|pair_name| *pair_name != undefined_variable.name)
        && pairs.iter().any(|pair| pair.name.text == undefined_variable.name)
}
