//! See `rules/unquoted-substitution.md`.

use super::{Context, word_splitting};
use crate::finding::Findings;
use crate::shell::ExpansionKind;

super::rule!("unquoted-substitution", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_scripts() {
        for (_, expansion) in word_splitting::unquoted(&run) {
            // Backticks and `<(` are not covered.
            let place = run.place(expansion.span);
            if expansion.kind != ExpansionKind::Command || !run.file().source().slice(place).starts_with("$(") {
                continue;
            }
            let message = "the unquoted output is split into words, and globs in it are expanded";
            out.push(cx.finding(place, message).help("add double quotes, unless it is a list"));
        }
    }
}
