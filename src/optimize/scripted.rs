//! Rung 3 for scripted projects.

use super::pass::Pass;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[];
