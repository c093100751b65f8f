//! Build arguments with secrets, and what a Dockerfile does with them.

use crate::build::{Build, Definition, Lookup, Stage, VariableOrigin};
use crate::dockerfile::{Instruction, Keyword};
use crate::shell::{Invocation, Redirect, RedirectOperator, Word};
use crate::sources::patterns;

/// Where the value of a build argument comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretValue {
    /// An expression that reads a secret: `${{ secrets.NPM_TOKEN }}`, as written.
    Expression(String),
    /// A variable of the command's environment.
    Variable(String),
}

/// Whether a build argument of this name is in force at an instruction.
pub(super) fn gets(build: &Build, stage: &Stage, index: usize, name: &str) -> bool {
    let lookup = build.scopes().lookup(stage.index, name, index);
    matches!(
        lookup,
        Lookup::Defined(Definition {
            origin: VariableOrigin::Arg | VariableOrigin::GlobalArg,
            instruction: Some(_),
            ..
        })
    )
}

/// Whether an instruction's text uses a variable.
pub(super) fn uses(build: &Build, instruction: &Instruction, name: &str) -> bool {
    let text = build.input().file.source().slice(instruction.span);
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let is_use = |(at, _): (usize, &str)| {
        let before = &text[..at];
        let is_variable = before.ends_with('$') || before.ends_with("${") || before.ends_with("${!");
        is_variable && is_end(&text[at + name.len()..])
    };
    text.match_indices(name).any(is_use)
}

/// Whether an instruction's text has the name as a word: a variable, or what a program is asked for (`printenv NAME`).
pub(super) fn names(build: &Build, instruction: &Instruction, name: &str) -> bool {
    let text = build.input().file.source().slice(instruction.span);
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == name)
}

/// A meaning in `data/source_patterns.tsv`.
const WRITES: &str = "command that keeps its arguments in a file";

/// The line of the first RUN that gets a build argument and writes its value to a file, which its layer keeps.
pub(super) fn stored_line(build: &Build, name: &str) -> Option<u32> {
    let stages = build.needed_stages();
    let mut instructions = stages.flat_map(|stage| build.instructions(stage).map(move |known| (stage, known)));
    let stored = instructions.find(|(stage, (index, instruction))| {
        instruction.keyword == Keyword::Run
            && names(build, instruction, name)
            && gets(build, stage, *index, name)
            && build.code(*index).is_some_and(|code| keeps_value(&code.script.invocations(), name))
    });
    stored.map(|(_, (_, instruction))| instruction.start_line)
}

/// Whether commands write the value of a variable to a file, and none of them takes it away.
fn keeps_value(invocations: &[Invocation], name: &str) -> bool {
    let has_name = |word: &Word| word.is_dynamic() && word.text().contains(name);
    let is_file = |redirect: &Redirect| {
        let is_write =
            matches!(redirect.operator, RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber);
        let target = redirect.target.as_ref().map_or("", |target| target.text());
        is_write && !target.is_empty() && !target.starts_with("/dev/") && !target.starts_with("/run/")
    };
    let is_kept = |call: &&Invocation| {
        let words = std::iter::once(call.path).chain(call.args).map(Word::text).collect::<Vec<_>>().join(" ");
        let prints = matches!(call.program, Some("echo" | "printf" | "cat" | "envsubst"));
        let is_written = prints && call.command.redirects.iter().any(is_file);
        call.args.iter().any(has_name) && (is_written || patterns::words(WRITES).any(|known| words.starts_with(known)))
    };
    let is_removal = |call: &&Invocation| {
        let has = |texts: &[&str]| call.args.iter().any(|word| texts.contains(&word.text()));
        call.is("rm") || has(&["--unset", "--unset-all", "unset", "delete", "--remove-section"])
    };
    invocations.iter().any(|call| is_kept(&call)) && !invocations.iter().any(|call| is_removal(&call))
}
