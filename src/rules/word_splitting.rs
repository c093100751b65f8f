//! Expansions that the shell splits into words: shared by the rules on quotes.

use crate::build::Run;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Expansion, Script, Word};

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
