//! What fixing brings about, and how it is printed.

use crate::audit::Report;
use crate::cli::args::{FixArgs, Global};
use crate::cli::changes;
use crate::finding::Mask;
use crate::fix::{FixLevel, FixOutcome};
use crate::inputs::Inputs;
use crate::report::{self, Format};
use crate::rules::Policies;

pub(super) fn fixed(inputs: &Inputs, policies: &Policies, command: &FixArgs) -> FixOutcome {
    let level = if command.mode.r#unsafe { FixLevel::Unsafe } else { FixLevel::Safe };
    crate::audit::fix(inputs, policies, level)
}

/// The result: a diff, or nothing where the files are changed or only the exit code was asked for.
pub(super) fn render_changes(
    global: &Global,
    command: &FixArgs,
    report: &Report,
    outcome: &mut FixOutcome,
    mask: &Mask,
) -> Vec<u8> {
    match global.format {
        Format::Json => report::fix_json(report, outcome, mask, command.mode.write).into_bytes(),
        _ if !shows_diff(command) => Vec::new(),
        _ => changes::diff(global, outcome, mask),
    }
}

pub(super) fn shows_diff(command: &FixArgs) -> bool {
    !command.mode.write && (!command.mode.check || command.mode.diff)
}
