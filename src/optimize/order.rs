//! Rung `order`.

mod first;
mod mounts;
mod volatile;

use super::pass::Pass;
use super::rung::Rung;
use super::scene::{Scene, Turn};

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new(
        "dependency-files-first",
        Rung::Order,
        "copies what installs read, and installs, before the sources are copied",
        first::run,
    ),
    Pass::new("cache-mounts", Rung::Order, "keeps what package managers download in cache mounts", mounts::run),
    Pass::new(
        "volatile-last",
        Rung::Order,
        "declares what differs from build to build below what it would run again",
        volatile::run,
    ),
];

/// A pass of rung 1 over what has become of the file since. Its refusals have been said.
pub(super) fn again(pass: &str, scene: &Scene, turn: &mut Turn) {
    if let Some(pass) = PASSES.iter().find(|one| one.info.id == pass) {
        (pass.run)(scene, turn);
        turn.refusals.clear();
    }
}

#[cfg(test)]
pub(super) mod tests;
