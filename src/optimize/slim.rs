//! Rung `slim`.

use super::pass::Pass;

/// Its passes.
pub(super) const PASSES: &[Pass] = &[];
