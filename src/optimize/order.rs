//! Rung `order`.

mod first;
mod mounts;

use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new(
        "dependency-files-first",
        Rung::Order,
        "copies what installs read, and installs, before the sources are copied",
        first::run,
    ),
    Pass::new("cache-mounts", Rung::Order, "keeps what package managers download in cache mounts", mounts::run),
];

#[cfg(test)]
mod tests;
