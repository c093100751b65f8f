//! Rules about variables that nothing defines.

use std::collections::HashSet;

use super::Context;
use crate::build::{Build, Stage, UndefinedReason, UndefinedVariable};
use crate::dockerfile::{Keyword, Variable};
use crate::finding::Findings;
use crate::text::Span;

super::family! {
    "undefined-variable" => undefined_variable;
    "variable-of-base" => variable_of_base;
}

fn undefined_variable(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut compared = 0;
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            let undefined = build.undefined(stage, index);
            if undefined.is_empty() {
                continue;
            }
            let guarded = guarded_names(cx.source().slice(instruction.span));
            let is_env = instruction.keyword == Keyword::Env;
            let pairs = if is_env { build.input().file.variables(instruction) } else { Vec::new() };
            let names: HashSet<&str> = pairs.iter().map(|pair| &*pair.name.text).collect();
            for undefined_variable in undefined {
                let near = near(build, (stage, index), &undefined_variable.name, &mut compared)
                    .filter(|near| *near != undefined_variable.name);
                // A variable that the base image may set counts as a typo only if it is close to a known name.
                if undefined_variable.why == UndefinedReason::NotInStage
                    || (undefined_variable.why == UndefinedReason::Perhaps
                        && !near.is_some_and(|near| is_slip(&undefined_variable.name, near)))
                {
                    continue;
                }
                // This syntax shows that the author knows that it may be empty.
                if guarded.contains(undefined_variable.name.as_str()) {
                    continue;
                }
                // `env-self-reference` reports that.
                if is_set_beside((&pairs, &names), &undefined_variable) {
                    continue;
                }
                let then = if undefined_variable.guarded { "its default always applies" } else { "it is empty here" };
                let message = format!("`{}` is not set, so {then}", undefined_variable.name);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if own_pair(&pairs, &undefined_variable).is_some() => {
                        "remove it: the variable has no previous value".to_owned()
                    }
                    None => "set it with ARG or ENV above".to_owned(),
                };
                let joined = path_like_join(cx, &pairs, &undefined_variable);
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

/// Names of a file that undefined ones are compared with, to find the one that is meant.
const COMPARED: usize = 30_000;

/// The variable that a name was probably meant to be; only of the first ones in a file, as each is compared with all names.
pub(super) fn near<'b>(
    build: &'b Build,
    (stage, index): (&Stage, usize),
    name: &str,
    compared: &mut usize,
) -> Option<&'b str> {
    // At most each instruction above defines a name.
    *compared += index + 1;
    if *compared > COMPARED { None } else { build.scopes().nearest(stage.index, name, index) }
}

/// The names in `${NAME+…}` and `${NAME:+…}`.
fn guarded_names(text: &str) -> HashSet<&str> {
    let uses = text.match_indices("${").map(|(at, _)| &text[at + 2..]);
    let names = uses.filter_map(|inner| {
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, rest) = inner.split_at(end);
        rest.strip_prefix(':').unwrap_or(rest).starts_with('+').then_some(name)
    });
    names.collect()
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
fn path_like_join(cx: &Context, pairs: &[Variable], undefined_variable: &UndefinedVariable) -> Option<JoinedUse> {
    let (pair_span, source) = (own_pair(pairs, undefined_variable)?, cx.source());
    let before = source.slice(Span::new(pair_span.start, undefined_variable.span.start)).trim_matches('"');
    let behind = source.slice(Span::new(undefined_variable.span.end, pair_span.end)).trim_matches('"');
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
fn own_pair(pairs: &[Variable], undefined_variable: &UndefinedVariable) -> Option<Span> {
    if undefined_variable.guarded {
        return None;
    }
    let is_own = |pair: &&Variable| {
        pair.value.span.contains(undefined_variable.span) && *pair.name.text == *undefined_variable.name
    };
    pair_around(pairs, undefined_variable).filter(is_own).map(|pair| pair.value.span)
}

/// The pair of an ENV in which a variable is used.
fn pair_around<'p, 't>(pairs: &'p [Variable<'t>], undefined_variable: &UndefinedVariable) -> Option<&'p Variable<'t>> {
    let behind = pairs.partition_point(|pair| pair.span.start <= undefined_variable.span.start);
    pairs[..behind].last().filter(|pair| undefined_variable.span.end <= pair.span.end)
}

/// Whether a name is so close to a known one that it is probably a typo: `HOME` and `ROLE` are not that close.
pub(super) fn is_slip(name: &str, near: &str) -> bool {
    let distance = strsim::osa_distance(name, near);
    distance <= if name.len() >= 8 { 2 } else { 1 }
}

/// Whether another pair of the same ENV sets the variable; `names`: those that it sets.
fn is_set_beside((pairs, names): (&[Variable], &HashSet<&str>), undefined_variable: &UndefinedVariable) -> bool {
    names.contains(undefined_variable.name.as_str())
        && pair_around(pairs, undefined_variable).is_some_and(|pair| *pair.name.text != *undefined_variable.name)
}

fn variable_of_base(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut compared = 0;
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            for undefined_variable in build
                .undefined(stage, index)
                .into_iter()
                .filter(|undefined_variable| undefined_variable.why == UndefinedReason::Perhaps)
            {
                // A name close to a known one is a typo, and reported as such.
                let near = near(build, (stage, index), &undefined_variable.name, &mut compared);
                if near.is_some_and(|near| is_slip(&undefined_variable.name, near)) {
                    continue;
                }
                let message = format!(
                    "this file does not set `{}`: it is empty unless the base image sets it",
                    undefined_variable.name
                );
                out.push(
                    cx.finding(undefined_variable.span, message)
                        .help("set it in this file, or add a comment that the base image sets it"),
                );
            }
        }
    }
}
