//! Rung 3 for Python: one virtual environment, made in a build stage and copied to the run-time stage on the same base.

mod system;

use super::pass::Pass;

pub(super) use self::system::{build_packages, run_packages};

/// Its passes.
pub(super) const STAGES: &[Pass] = &[];
