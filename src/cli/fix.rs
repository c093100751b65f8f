//! `dockopt fix`.

use std::path::Path;

use super::args::{Fix, Format, Global};
use super::output::{Failure, complain, emit, selection, today};
use super::{CLEAN, FAILED, FOUND, terminal, write};
use crate::finding::{Finding, Mask};
use crate::fix::{Level, Outcome};
use crate::inputs::Inputs;
use crate::report;
use crate::rules::Selection;

pub(super) fn run(global: &Global, command: &Fix) -> Result<u8, Failure> {
    if command.paths.iter().any(|path| path == Path::new("-")) {
        let help = Some("name the file: `dockopt fix Dockerfile`".to_owned());
        return Err(Failure::Because { what: "standard input cannot be fixed in place".to_owned(), help });
    }
    let selection = selection(&command.choice)?;
    let mut failed = false;
    let mut outcome = Outcome::default();
    let mut masks = Mask::default();
    let mut builds = 0;
    // All is worked out before the first file is touched.
    for path in &command.paths {
        let mut request = command.build.request(path.clone(), today(&command.choice)?);
        request.needs = crate::audit::needs(&selection, false);
        let inputs = crate::load::gather(&request)?;
        failed |= complain(global, &inputs);
        builds += inputs.builds.len();
        masks.join(&crate::audit::mask(&inputs));
        join(&mut outcome, fixed(&inputs, &selection, command));
    }
    if command.write {
        let mut changes = Vec::new();
        for change in &outcome.changes {
            changes.push((Path::new(&change.name), change.before.as_deref(), &*change.after));
        }
        write::change(&changes)?;
    }
    emit(global, &shown(global, command, &outcome, &masks))?;
    if global.format == Format::Text {
        let fixable = |left: &&Finding| !command.r#unsafe && !left.fixes.is_empty();
        let risky = outcome.left.iter().filter(fixable).count();
        if builds == 0 && !failed {
            terminal::note("no Dockerfile found");
        }
        terminal::note(&report::fix_summary(&outcome, command.write, risky));
        if !command.write && !command.check && report::diff_is_masked(&outcome, &masks) {
            terminal::note("secrets are masked in this diff, so it can't be applied; `--write` can");
        }
    }
    Ok(match (failed, command.check && !outcome.changes.is_empty()) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

fn fixed(inputs: &Inputs, selection: &Selection, command: &Fix) -> Outcome {
    let level = if command.r#unsafe { Level::Unsafe } else { Level::Safe };
    crate::fix::fix(&inputs.sources, level, |sources| crate::audit::check(inputs, sources, selection))
}

/// Several paths make one result; a file that two of them name is changed once.
fn join(all: &mut Outcome, one: Outcome) {
    for change in one.changes {
        if !all.changes.iter().any(|other| other.name == change.name) {
            all.changes.push(change);
        }
    }
    all.applied.extend(one.applied);
    all.left.extend(one.left);
    for rule in one.contradicting {
        if !all.contradicting.contains(&rule) {
            all.contradicting.push(rule);
        }
    }
}

/// The result: a diff, or nothing where the files are changed or only the exit code was asked for.
fn shown(global: &Global, command: &Fix, outcome: &Outcome, mask: &Mask) -> String {
    let root = match &command.paths[..] {
        [path] => path.display().to_string(),
        _ => ".".to_owned(),
    };
    match global.format {
        Format::Json => report::fix_json(&root, outcome, mask, command.write),
        Format::Text if command.write || (command.check && !command.diff) => String::new(),
        Format::Text => report::diff(outcome, mask, terminal::stdout(global)),
    }
}
