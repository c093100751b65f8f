//! What fixing brings about, and how it is printed.

use crate::audit::Report;
use crate::cli::args::{FixArgs, Global};
use crate::cli::changes;
use crate::cli::output::{CommandFailure, print, print_page};
use crate::finding::{Finding, Mask};
use crate::fix::{FixLevel, FixOutcome};
use crate::inputs::Inputs;
use crate::report::{self, Format};
use crate::rules::Policies;

pub(super) fn fixed(inputs: &Inputs, policies: &Policies, command: &FixArgs) -> FixOutcome {
    let level = if command.mode.r#unsafe { FixLevel::Unsafe } else { FixLevel::Safe };
    crate::audit::fix(inputs, policies, level)
}

/// Prints the result: a diff, or nothing where the files are changed or only the exit code was asked for. `more_unsafe`:
/// findings that `--unsafe` would fix beyond those.
pub(super) fn print_changes(
    global: &Global,
    command: &FixArgs,
    report: &Report,
    outcome: &mut FixOutcome,
    mask: &Mask,
    more_unsafe: usize,
) -> Result<(), CommandFailure> {
    let written = command.mode.write;
    match global.format {
        Format::Json => print(global, &report::fix_json(report, outcome, mask, written)),
        Format::Text if !shows_diff(command) => print(global, ""),
        Format::Text => print(global, &changes::diff(global, outcome, mask)),
        _ => print_page(global, &report::fix(report, changes::with_names_here(outcome), mask, written, more_unsafe)),
    }
}

pub(super) fn shows_diff(command: &FixArgs) -> bool {
    !command.mode.write && (!command.mode.check || command.mode.diff)
}

/// How many more findings `--unsafe` would fix, worked out by fixing.
pub(super) fn more_unsafe(inputs: &mut Inputs, policies: &Policies, command: &FixArgs, outcome: &FixOutcome) -> usize {
    let is_fixable = |finding: &Finding| !finding.fixes.is_empty();
    if command.mode.r#unsafe || !outcome.remaining.iter().any(is_fixable) {
        return 0;
    }
    crate::cli::cache::history::add_step_histories(inputs);
    crate::load::add_changes(inputs);
    let risky = crate::audit::fix(inputs, policies, FixLevel::Unsafe);
    risky.applied.len().saturating_sub(outcome.applied.len())
}
