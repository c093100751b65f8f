//! Exit codes.

/// No finding as severe as `--fail-on`.
pub(super) const CLEAN: u8 = 0;

/// A finding at least as severe as `--fail-on`, or work left.
pub(super) const FOUND: u8 = 1;

/// The work could not be done.
pub(super) const FAILED: u8 = 2;
