//! Exit codes, and which of them counts where several fit.

use crate::audit::Report;

/// No finding as severe as `--fail-on`.
pub(super) const CLEAN: u8 = 0;

/// A finding at least as severe as `--fail-on`, or work left.
pub(super) const FOUND: u8 = 1;

/// The work could not be done.
pub(super) const FAILED: u8 = 2;

/// The exit code of a report.
pub(super) fn code(report: &Report, failed: bool) -> u8 {
    match (failed, report.fails()) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    }
}
