//! See `rules/label-empty.md`.

use super::Context;
use super::labels::labels;
use crate::finding::Findings;

super::rule!("label-empty", check);

fn check(cx: &Context, out: &mut Findings) {
    let Some(schema) = cx.settings().and_then(|settings| settings.labels.as_ref()) else { return };
    for label in labels(cx) {
        if schema.contains_key(&label.name) && label.value.is_some_and(|value| value.is_empty()) {
            out.push(cx.finding(label.span, format!("label `{}` is empty", label.name)));
        }
    }
}
