//! Rung 3 for node projects.

use super::pass::Pass;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[];
