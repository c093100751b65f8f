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
            for found in build.undefined(stage, index) {
                let near = build.scopes().nearest(stage.index, &found.name, index).filter(|near| *near != found.name);
                // A variable that the base image may set counts as a typo only if it is close to a known name.
                if found.why == UndefinedReason::NotInStage
                    || (found.why == UndefinedReason::Perhaps && !near.is_some_and(|near| is_slip(&found.name, near)))
                {
                    continue;
                }
                // This syntax shows that the author knows that it may be empty.
                let text = cx.source().slice(instruction.span);
                if ["+", ":+"].iter().any(|sign| text.contains(&format!("${{{}{sign}", found.name))) {
                    continue;
                }
                // `env-self-reference` reports that.
                if instruction.keyword == Keyword::Env && is_set_beside(cx, index, &found) {
                    continue;
                }
                let message = if found.guarded {
                    format!("`{}` is not set, so its default always applies", found.name)
                } else {
                    format!("`{}` is not set, so it is empty here", found.name)
                };
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if own_pair(cx, instruction, &found).is_some() => {
                        "remove it: the variable has no previous value".to_owned()
                    }
                    None => "set it with ARG or ENV above".to_owned(),
                };
                let joined = path_like_join(cx, instruction, &found);
                let (message, help) = joined.as_ref().filter(|_| near.is_none()).map_or((message, help), |joined| {
                    (joined.message(&found.name), format!("remove it, or write `{}`", joined.text))
                });
                let mut finding = cx.finding(found.span, message).help(help);
                if let (Some(joined), None) = (joined, near) {
                    let why = "an empty entry means the current folder to many programs";
                    finding = finding.unsafe_edit("add it only if it is set", why, joined.span, joined.text);
                }
                let text = cx.source().slice(found.span);
                if let (Some(near), 1) = (near, text.matches(found.name.as_str()).count()) {
                    let why = "the name is a guess: the closest known one";
                    let text = text.replacen(found.name.as_str(), near, 1);
                    finding = finding.unsafe_edit(format!("use `{near}`"), why, found.span, text);
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
fn path_like_join(cx: &Context, instruction: &Instruction, found: &UndefinedVariable) -> Option<JoinedUse> {
    let (own, source) = (own_pair(cx, instruction, found)?, cx.source());
    let unquoted = |text: &str| text.trim_matches('"').to_owned();
    let before = unquoted(source.slice(Span::new(own.start, found.span.start)));
    let behind = unquoted(source.slice(Span::new(found.span.end, own.end)));
    let (used, name) = (source.slice(found.span), &found.name);
    if before.is_empty() && behind.starts_with(':') {
        let span = Span::new(found.span.start, found.span.end + 1);
        return Some(JoinedUse { span, text: format!("${{{name}:+{used}:}}"), first: true });
    }
    let last = behind.is_empty() && before.ends_with(':');
    let span = Span::new(found.span.start.saturating_sub(1), found.span.end);
    last.then(|| JoinedUse { span, text: format!("${{{name}:+:{used}}}"), first: false })
}

/// The value in an ENV that uses the variable which it sets.
fn own_pair(cx: &Context, instruction: &Instruction, found: &UndefinedVariable) -> Option<Span> {
    if instruction.keyword != Keyword::Env || found.guarded {
        return None;
    }
    let pairs = cx.build().input().file.variables(instruction);
    let is_own = |pair: &&Variable| pair.value.span.contains(found.span) && *pair.name.text == *found.name;
    pairs.iter().find(is_own).map(|pair| pair.value.span)
}

/// Whether a name is so close to a known one that it is probably a typo: `HOME` and `ROLE` are not that close.
pub(super) fn is_slip(name: &str, near: &str) -> bool {
    let distance = strsim::osa_distance(name, near);
    distance <= if name.len() >= 8 { 2 } else { 1 }
}

/// Whether another pair of the same ENV sets the variable.
fn is_set_beside(cx: &Context, index: usize, found: &UndefinedVariable) -> bool {
    let file = &cx.build().input().file;
    let pairs = file.variables(&file.instructions()[index]);
    let own = |pair: &&Variable| pair.span.start <= found.span.start && found.span.end <= pair.span.end;
    let own = pairs.iter().find(own).map(|pair| &pair.name.text);
    own.is_some_and(|own| *own != found.name) && pairs.iter().any(|pair| pair.name.text == found.name)
}
