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
        "installs packages from the manifest instead of naming them in a command",
        declared::run,
    )
    .assuming("the program runs with the versions of the manifest", Support::Sources),
    Pass::new(
        "dependency-files-first",
        Rung::Order,
        "copies dependency files and installs before the sources are copied",
        dependency_files::run,
    )
    .assuming("installs read only the files that are copied before them", Support::Sources),
    Pass::new("cache-mounts", Rung::Order, "keeps package downloads in cache mounts", cache_mounts::run)
        .assuming("the program reads no package cache at run time", Support::Sources),
    Pass::new(
        "volatile-last",
        Rung::Order,
        "moves ARG and LABEL values that change with each build below the steps that they rerun",
        volatile::run,
    )
    .assuming("no step above the new place uses the variable", Support::Sources),
];

#[cfg(test)]
pub(super) mod tests;
