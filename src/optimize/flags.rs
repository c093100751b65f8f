//! Rung `flags`.

use super::pass::Pass;

/// Its passes.
pub(super) const PASSES: &[Pass] = &[];
