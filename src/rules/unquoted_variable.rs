//! See `rules/unquoted-variable.md`.

use super::{Context, word_splitting};
use crate::build::{Lookup, Run};
use crate::finding::Findings;
use crate::shell::ExpansionKind;

super::rule!("unquoted-variable", check);

/// Shell variables whose values are numbers.
const NUMBERS: [&str; 12] = ["?", "#", "$", "!", "-", "RANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "OPTIND"];

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_scripts() {
        for (_, expansion) in word_splitting::unquoted(&run) {
            let ExpansionKind::Variable(name) = &expansion.kind else { continue };
            if NUMBERS.contains(&&**name) || name.starts_with('#') || is_one_word(&run, name, expansion.span.start) {
                continue;
            }
            let message = format!("unquoted `{name}` is split into words, and globs in it are expanded");
            out.push(
                cx.finding(run.place(expansion.span), message).help("add double quotes, unless it contains a list"),
            );
        }
    }
}

/// Whether its value is known to be a single word, as set by the file or by the script.
fn is_one_word(run: &Run, name: &str, at: u32) -> bool {
    let Some(assigned) = run.assigned(name, at) else {
        let scopes = run.build.scopes();
        return matches!(scopes.lookup_run(run.stage.index, name, run.index), Lookup::Defined(_));
    };
    let splits = |c: char| c.is_whitespace() || matches!(c, '*' | '?' | '[');
    let number = |expansion: &crate::shell::Expansion| expansion.kind == ExpansionKind::Arithmetic;
    !assigned.value.text().contains(splits) && assigned.value.expansions().iter().all(number)
}
