//! Rules about words that a shell splits because they have no quotes.

use super::Context;
use crate::build::{Lookup, Run};
use crate::finding::Findings;
use crate::shell::{Command, Expansion, ExpansionKind, Script, Word, program::Kind, program::Program};

super::family! {
    "unquoted-substitution" => unquoted_substitution;
    "unquoted-variable" => unquoted_variable;
}

/// The unquoted expansions in arguments and targets of redirects, for each script of a RUN, with their words.
pub(super) fn unquoted<'a>(run: &Run<'a, '_>) -> Vec<(&'a Word, &'a Expansion)> {
    let mut unquoted = Vec::new();
    if !run.code.is_exec() {
        of_script(&run.code.script, &mut unquoted);
    }
    unquoted
}

fn of_script<'a>(script: &'a Script, unquoted: &mut Vec<(&'a Word, &'a Expansion)>) {
    for command in &script.commands {
        let redirects = command
            .redirects
            .iter()
            .filter(|redirect| redirect.body.is_none())
            .filter_map(|redirect| redirect.target.as_ref());
        for word in arguments(command).iter().chain(redirects) {
            unquoted.extend(
                word.expansions().iter().filter(|expansion| !expansion.quoted).map(|expansion| (word, expansion)),
            );
        }
    }
}

/// The arguments that the shell splits: not those of `[[`, and not the assignments of `export`.
fn arguments(command: &Command) -> &[Word] {
    let name = command.name().and_then(Word::value).unwrap_or_default();
    if Program::of(name).is(Kind::Declares) { &[] } else { command.words.get(1..).unwrap_or_default() }
}

fn unquoted_substitution(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_scripts() {
        for (_, expansion) in unquoted(&run) {
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

/// Shell variables whose values are numbers.
const NUMBERS: [&str; 12] = ["?", "#", "$", "!", "-", "RANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "OPTIND"];

fn unquoted_variable(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_scripts() {
        for (_, expansion) in unquoted(&run) {
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
