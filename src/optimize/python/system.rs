//! Debian packages: which ones build Python dependencies, and which ones these load when they run.

use std::collections::BTreeSet;

use crate::optimize::scene::Scene;

/// Debian packages that a build stage needs besides what a slim Python base has; empty: the slim base suffices. `None`
/// where that is not known, so the full base has to stay under the stage; also for stages that install nothing of Python.
pub(in crate::optimize) fn build_packages(_scene: &Scene, _stage: usize) -> Option<BTreeSet<String>> {
    None
}

/// Debian packages that the final stage needs on a slim base and that only the full one had: libraries of dependencies,
/// and programs that the sources start.
pub(in crate::optimize) fn run_packages(_scene: &Scene) -> BTreeSet<String> {
    BTreeSet::new()
}
