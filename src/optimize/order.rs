//! Rung `order`.

mod declared;
mod volatile;

use super::assumption::Support;
use super::pass::Pass;
use super::rung::Rung;
use super::{cache_mounts, dependency_files};

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new(
        "declared-packages",
        Rung::Order,
        "installs what the manifest declares where packages of it are named",
        declared::run,
    )
    .assuming("runs with the versions that the manifest asks for", Support::Sources),
    Pass::new(
        "dependency-files-first",
        Rung::Order,
        "copies what installs read, and installs, before the sources are copied",
        dependency_files::run,
    )
    .assuming("reads nothing in its installs but what is copied first", Support::Sources),
    Pass::new("cache-mounts", Rung::Order, "keeps what package managers download in cache mounts", cache_mounts::run)
        .assuming("looks for no package in a cache when it runs", Support::Sources),
    Pass::new(
        "volatile-last",
        Rung::Order,
        "declares what differs from build to build below what it would run again",
        volatile::run,
    )
    .assuming("uses the variable in no step above its new place", Support::Sources),
];

#[cfg(test)]
pub(super) mod tests;
