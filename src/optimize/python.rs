//! Rung 3 for python projects.

use super::pass::Pass;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[];
