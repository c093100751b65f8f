//! BuildKit's last stage as far as it can refuse a file without images, context or build arguments: stages, references,
//! variables, values. Judges every stage, as `docker build --check` does; knows no base image.

mod command;
mod environment;
mod epoch;
mod git;
mod mode;
mod mount;
pub(super) mod platform;
mod port;
mod reference;
mod refusal;
mod signal;
mod state;
mod url;

use self::environment::Environment;
use self::refusal::Refusal;
use self::state::{Stages, lines_of};
use crate::dockerfile::check::CheckOptions;
use crate::dockerfile::expand::{Lex, process_word};
use crate::dockerfile::refusal::{Stage, Verdict};
use crate::dockerfile::syntax::{File, Keyword};

/// Files with more stages are not judged here: no build has them, and each may inherit from all.
const MAX_STAGES: usize = 4096;

/// BuildKit's first refusal of a file whose instructions are all in order.
pub(super) fn judge(file: &File) -> Option<Verdict> {
    let triggers: Vec<Option<File>> =
        file.instructions.iter().map(|instruction| state::trigger_file(file, instruction)).collect();
    match judge_stages(file, &triggers) {
        Ok(()) => None,
        Err(Refusal { message, lines }) => Some(Verdict { stage: Stage::Dispatch, message, lines }),
    }
}

/// The FROMs whose image can't be named while no build argument is given, by the index of the instruction, with what
/// their variables make of it.
pub(super) fn default_bases(file: &File) -> Vec<(usize, String)> {
    let lex = Lex::new(file.escape);
    let Ok(globals) = globals(file, lex) else { return Vec::new() };
    let mut bases = Vec::new();
    for (index, instruction) in file.instructions.iter().enumerate() {
        let Some(from) = file.from(instruction) else { continue };
        let Ok(expanded) = process_word(&from.image.text, &globals, lex) else { break };
        if reference::check_reference(&expanded.text).is_err() {
            bases.push((index, expanded.text));
        }
    }
    bases
}

/// What FROM sees: the builder's own variables and the defaults of the ARGs above.
fn globals(file: &File, lex: Lex) -> Result<Environment, Refusal> {
    let target =
        file.instructions.iter().rev().find_map(|instruction| file.from(instruction)).and_then(|from| from.name);
    let target = target.map_or_else(|| "default".to_owned(), |name| name.text.to_lowercase());
    let mut globals = Environment::of_platform("linux", "amd64", &target);
    for instruction in file.instructions.iter().take_while(|instruction| instruction.keyword != Keyword::From) {
        for arg in file.args(instruction) {
            let Some(default) = arg.default else { continue };
            let value = process_word(&default.text, &globals, lex)
                .map_err(|error| Refusal::new(error.to_string()).at(lines_of(instruction)))?;
            globals.set(&arg.name.text, value.text);
        }
    }
    Ok(globals)
}

fn judge_stages(file: &File, triggers: &[Option<File>]) -> Result<(), Refusal> {
    if let Some(check) = file.check() {
        CheckOptions::parse(&check.value)
            .map_err(|message| Refusal::new(format!("failed to parse check options: {message}")))?;
    }
    let count = file.instructions.iter().filter(|instruction| instruction.keyword == Keyword::From).count();
    if count == 0 {
        return Err(Refusal::new("dockerfile contains no stages to build"));
    }
    if count > MAX_STAGES {
        return Ok(());
    }
    let lex = Lex::new(file.escape);
    let globals = globals(file, lex)?;
    epoch::check(file, &globals, lex)?;
    let mut stages = Stages::build(file, &globals, lex)?;
    stages.link()?;
    stages.check_cycles()?;
    stages.resolve(triggers)?;
    command::run(&mut stages, &globals, lex)
}
