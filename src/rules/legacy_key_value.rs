//! See `rules/legacy-key-value.md`.

use super::Context;
use crate::dockerfile::{Keyword, Variable};
use crate::finding::Findings;
use crate::text::Span;

super::rule!("legacy-key-value", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        for (index, instruction) in cx.build().effective_instructions(stage) {
            if !matches!(instruction.keyword, Keyword::Env | Keyword::Label) {
                continue;
            }
            for pair in file.variables(instruction).iter().filter(|pair| pair.legacy) {
                let name = instruction.keyword.as_str();
                let message = format!("`{name} key value` uses the whole rest of the line as the value");
                let finding = cx.finding_at(index, pair.span, message).help(format!("write `{name} key=value`"));
                out.push(match edited(cx, pair, file.escape()) {
                    Some(text) => finding.safe_edit("write it with `=`", pair.span, text),
                    None => finding,
                });
            }
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
