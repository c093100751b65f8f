//! A global `SOURCE_DATE_EPOCH`: seconds, `context`, or a stage that is nothing but a source.

use super::environment::Environment;
use super::git::{GitSource, is_http};
use super::reference::check_digest;
use super::refusal::Refusal;
use super::state::lines_of;
use crate::dockerfile::expand::{Lex, Variables as _, process_word};
use crate::dockerfile::syntax::{File, Instruction, Keyword};

/// Checks the value, and the stage that it names.
pub(super) fn check(file: &File, globals: &Environment, lex: Lex) -> Result<(), Refusal> {
    let Some(value) = globals.get("SOURCE_DATE_EPOCH") else { return Ok(()) };
    if value.is_empty() || value == "context" || value.parse::<i64>().is_ok() {
        return Ok(());
    }
    for (at, instruction) in file.instructions.iter().enumerate() {
        let Some(from) = file.from(instruction) else { continue };
        if from.name.as_ref().is_some_and(|name| name.text.to_lowercase() == value.to_lowercase()) {
            let mut variables = globals.clone();
            variables.set("SOURCE_DATE_EPOCH", String::new());
            let base = process_word(&from.image.text, &variables, lex);
            if !base.is_ok_and(|base| base.text == "scratch") {
                return Err(Refusal::new("SOURCE_DATE_EPOCH stage must use FROM scratch").at(lines_of(instruction)));
            }
            let commands = file.instructions[at + 1..].iter().take_while(|other| other.keyword != Keyword::From);
            return check_stage(file, commands, variables, lex)
                .map_err(|message| Refusal::new(message).at(lines_of(instruction)));
        }
    }
    Err(Refusal::new(format!("invalid SOURCE_DATE_EPOCH: {value}")))
}

fn check_stage<'f>(
    file: &File,
    commands: impl Iterator<Item = &'f Instruction>,
    mut variables: Environment,
    lex: Lex,
) -> Result<(), String> {
    const ONE: &str = "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD";
    let mut has_source = false;
    for instruction in commands {
        match instruction.keyword {
            Keyword::Arg => {
                for arg in file.args(instruction) {
                    let Some(default) = arg.default else { continue };
                    let value = process_word(&default.text, &variables, lex).map_err(|error| error.to_string())?;
                    variables.set(&arg.name.text, value.text);
                }
            }
            Keyword::Add if has_source => return Err(ONE.to_owned()),
            Keyword::Add => {
                check_source(file, instruction, &variables, lex)?;
                has_source = true;
            }
            _ => {
                let name = file.str(instruction.name);
                let what = "SOURCE_DATE_EPOCH stage does not meet source-only requirements";
                return Err(format!("{what}: unsupported {name} instruction"));
            }
        }
    }
    if has_source { Ok(()) } else { Err(ONE.to_owned()) }
}

fn check_source(file: &File, instruction: &Instruction, variables: &Environment, lex: Lex) -> Result<(), String> {
    let message = || "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD source".to_owned();
    let transfer = file.transfer(instruction).filter(|transfer| transfer.heredocs.is_empty()).ok_or_else(message)?;
    let [source] = transfer.sources.as_slice() else { return Err(message()) };
    let expand = |word: &str| match process_word(word, variables, lex) {
        Ok(word) => Ok(word.text),
        Err(error) => Err(error.to_string()),
    };
    let source = expand(&source.text)?;
    let checksum = match &transfer.checksum {
        Some(checksum) if !checksum.text.is_empty() => Some(&checksum.text),
        _ => None,
    };
    if is_http(&source) {
        return checksum.map_or(Ok(()), |checksum| check_digest(&expand(checksum)?));
    }
    match GitSource::parse(&source) {
        Some(Err(error)) => Err(error),
        Some(Ok(git)) if !git.is_path_too => checksum.map_or(Ok(()), |checksum| expand(checksum).map(drop)),
        _ => Err("SOURCE_DATE_EPOCH stage source must be a single HTTP(S) or Git ADD".to_owned()),
    }
}
