//! Debian packages that packages of the registry need to compile, or to run.

use std::collections::BTreeSet;

use crate::optimize::scene::Scene;

/// Debian packages that a stage needs on a slim base to install its dependencies: empty where slim suffices, `None`
/// where that isn't known.
pub(in crate::optimize) fn build_packages(_scene: &Scene, _stage: usize) -> Option<BTreeSet<String>> {
    None
}

/// Debian packages that a slim base lacks and the installed dependencies need at run time.
pub(in crate::optimize) fn run_packages(_scene: &Scene) -> BTreeSet<String> {
    BTreeSet::new()
}
