//! `dockopt fix -`: a text on standard input, fixed on standard output, as editors ask for it.

use std::path::{Path, PathBuf};

use super::outcome::{fixed, more_unsafe, print_changes, shows_diff};
use crate::audit::InputAudit;
use crate::cli::args::{FixArgs, Global};
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::output::{CommandFailure, complain, describe_inputs, policies, print_exact, today};
use crate::cli::{changes, terminal};
use crate::finding::Mask;
use crate::fix::FixOutcome;
use crate::load::{DOCKERFILE_LIMIT, FactSelection, read_stdin};
use crate::report::{self, Format, Layout};
use crate::settings::CommandLinePolicy;

/// What stands for standard input.
pub(super) const STDIN: &str = "-";

pub(super) fn run(global: &Global, command: &FixArgs, line: CommandLinePolicy) -> Result<u8, CommandFailure> {
    check(command)?;
    let name = command.stdin_filename.as_deref().map_or(STDIN.into(), Path::to_string_lossy);
    let text = read_stdin(&name, DOCKERFILE_LIMIT)?;
    let mut request = command.build.request(PathBuf::from("."), today(&command.choice)?);
    request.wants = FactSelection::Rules;
    request.configuration = command.config.configuration();
    request.line = line;
    let mut inputs = crate::load::gather_texts(vec![(command.stdin_filename.clone(), Ok(text.clone()))], &request);
    let policies = policies(global, &inputs, &request.line)?;
    describe_inputs(global, &inputs, &policies);
    if complain(global, &inputs) {
        return Err(CommandFailure::Said);
    }
    let mut masks = Mask::default();
    let report = {
        let audit = InputAudit::new(&inputs);
        masks.join(audit.mask());
        audit.problems(&policies)
    };
    let mask = &masks;
    let mut outcome = fixed(&inputs, &policies, command);
    let more_unsafe = more_unsafe(&mut inputs, &policies, command, &outcome);
    let others = leave_out_others(&mut outcome, &name);
    // What is printed stands in the place of the text that was read: nothing is masked in it, as in a file that is written.
    let after = outcome.changes.first().map_or_else(|| text.bytes().to_vec(), |change| change.after.clone());
    let is_changed = !outcome.changes.is_empty();
    if global.format == Format::Text && !command.mode.diff && !command.mode.check {
        print_exact(global, &after)?;
    } else {
        print_changes(global, command, &report, &mut outcome, mask, more_unsafe)?;
    }
    if global.format == Format::Text {
        terminal::note(&report::problems(&report, Layout::PLAIN));
        terminal::note(&report::fix_summary(&outcome, mask, !command.mode.diff && !command.mode.check, more_unsafe));
        for other in others {
            terminal::note(&format!("`{other}` would change, too: run `dockopt fix` on the file for that"));
        }
        if command.mode.diff && shows_diff(command) {
            changes::warn_of_diff(&outcome, mask);
        }
    }
    let refused = report.problems.iter().any(|problem| problem.error);
    Ok(if refused || (command.mode.check && is_changed) { FOUND } else { CLEAN })
}

/// Refuses what makes no sense for standard input.
fn check(command: &FixArgs) -> Result<(), CommandFailure> {
    let because =
        |what: &str, help: &str| Err(CommandFailure::Because { what: what.to_owned(), help: Some(help.to_owned()) });
    if command.paths.iter().all(|path| path != Path::new(STDIN)) {
        return because("`--stdin-filename` is set, but standard input is not read", "pass `-` instead of the path");
    }
    if command.paths.len() > 1 {
        return because("standard input is fixed alone", "pass `-` without other paths");
    }
    if command.mode.write {
        return because(
            "standard input cannot be written",
            "leave out `--write`: the fixed text is printed; or pass the file's path instead of `-`",
        );
    }
    Ok(())
}

/// Takes out the changes of other files than the one that was read, and says which these are.
fn leave_out_others(outcome: &mut FixOutcome, name: &str) -> Vec<String> {
    let changes = std::mem::take(&mut outcome.changes);
    let (changes, others): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.name == name);
    outcome.changes = changes;
    outcome.applied.retain(|applied| applied.file == name);
    others.into_iter().map(|change| change.name).collect()
}
