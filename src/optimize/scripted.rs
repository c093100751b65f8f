//! Rung 3 for Ruby and PHP projects: dependencies in a stage of their own.

use super::pass::Pass;
use super::rung::Rung;
use super::scene::{Scene, Turn};

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new("bundler-stages", Rung::Stages, "install gems in a stage of their own", skip),
    Pass::new("composer-stages", Rung::Stages, "install Composer packages in a stage of their own", skip),
];

fn skip(_scene: &Scene, _turn: &mut Turn) {}

/// Debian packages that a stage needs on a slim base to install its gems: empty where slim suffices, `None` where that
/// isn't known.
pub(super) fn build_packages(_scene: &Scene, _stage: usize) -> Option<std::collections::BTreeSet<String>> {
    None
}

/// Debian packages that a slim base lacks and the installed gems need at run time.
pub(super) fn run_packages(_scene: &Scene) -> std::collections::BTreeSet<String> {
    std::collections::BTreeSet::new()
}
