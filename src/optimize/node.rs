//! Rung 3 for Node projects: dependencies and build in stages of their own, and what runs in the last one.

mod native;

use super::pass::Pass;

#[allow(unused_imports, reason = "the slim base asks")]
pub(super) use self::native::{build_packages, run_packages};

/// Its passes.
pub(super) const STAGES: &[Pass] = &[];
