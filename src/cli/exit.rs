//! Exit codes.

/// Nothing at `--fail-on` or above.
pub(super) const CLEAN: u8 = 0;

/// Findings at `--fail-on` or above, or work left.
pub(super) const FOUND: u8 = 1;

/// The work could not be done.
pub(super) const FAILED: u8 = 2;
