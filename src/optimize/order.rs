//! Rung `order`.

mod volatile;

use super::pass::Pass;
use super::rung::Rung;
use super::{cache_mounts, dependency_files};

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new(
        "dependency-files-first",
        Rung::Order,
        "copies what installs read, and installs, before the sources are copied",
        dependency_files::run,
    ),
    Pass::new("cache-mounts", Rung::Order, "keeps what package managers download in cache mounts", cache_mounts::run),
    Pass::new(
        "volatile-last",
        Rung::Order,
        "declares what differs from build to build below what it would run again",
        volatile::run,
    ),
];

#[cfg(test)]
pub(super) mod tests;
