//! Build arguments with secrets, and what a Dockerfile does with them.

use crate::build::{Build, Definition, Lookup, Stage, VariableOrigin};
use crate::dockerfile::Instruction;

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
