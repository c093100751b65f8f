//! Rung 3 for compiled projects.

use super::pass::Pass;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[];
