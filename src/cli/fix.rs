//! `dockopt fix`.

use std::path::Path;

use super::args::{Fix, Format, Global};
use super::output::{Failure, complain, emit, selection, today};
use super::{CLEAN, FAILED, FOUND, terminal, write};
use crate::fix::{Level, Outcome};
use crate::inputs::Inputs;
use crate::report;
use crate::rules::Selection;

pub(super) fn run(global: &Global, command: &Fix) -> Result<u8, Failure> {
    if command.paths.iter().any(|path| path == Path::new("-")) {
        let help = Some("name the file: `dockopt fix Dockerfile`".to_owned());
        return Err(Failure::Because { what: "standard input cannot be fixed in place".to_owned(), help });
    }
    let selection = selection(global)?;
    let (mut failed, mut changed) = (false, false);
    let mut text = String::new();
    for path in &command.paths {
        let mut request = command.build.request(path.clone(), today(global)?);
        request.needs = crate::audit::needs(&selection, false);
        let inputs = crate::load::gather(&request)?;
        failed |= complain(global, &inputs);
        let outcome = outcome(&inputs, &selection, command);
        changed |= !outcome.changes.is_empty();
        if command.write {
            for change in &outcome.changes {
                write::change(Path::new(&change.name), change.before.as_deref(), &change.after)?;
            }
        }
        text.push_str(&shown(global, command, &inputs, &outcome));
        if global.format == Format::Text {
            let risky =
                if command.r#unsafe { 0 } else { outcome.left.iter().filter(|left| !left.fixes.is_empty()).count() };
            terminal::note(&report::fix_summary(&outcome, command.write, risky));
        }
    }
    emit(global, &text)?;
    Ok(match (failed, command.check && changed) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

fn outcome(inputs: &Inputs, selection: &Selection, command: &Fix) -> Outcome {
    let level = if command.r#unsafe { Level::Unsafe } else { Level::Safe };
    crate::fix::fix(&inputs.sources, level, |sources| crate::audit::check(inputs, sources, selection))
}

/// The result: a diff, or nothing where the files are changed or only the exit code was asked for.
fn shown(global: &Global, command: &Fix, inputs: &Inputs, outcome: &Outcome) -> String {
    let mask = crate::audit::mask(inputs);
    match global.format {
        Format::Json => report::fix_json(&inputs.root, outcome, &mask, command.write, &[]),
        Format::Text if command.write || (command.check && !command.diff) => String::new(),
        Format::Text => report::diff(outcome, &mask, terminal::stdout(global)),
    }
}
