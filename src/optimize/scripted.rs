//! Rung 3 for Ruby and PHP projects: dependencies in a separate stage.

mod bundler;
mod bundler_blocker;
mod composer;
mod composer_blocker;
mod split;
#[cfg(test)]
mod tests;

use super::assumption::Support;
use super::dependency_files;
use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new("bundler-stages", Rung::Stages, "installs gems in a separate stage", bundler::run)
        .assuming("the final image needs nothing from the build stage but the gems", Support::Open),
    Pass::new("composer-stages", Rung::Stages, "installs Composer packages in a separate stage", composer::run)
        .assuming("the final image needs nothing from the build stage but Composer's packages", Support::Open),
    // What is copied from that stage stands where an install was, and others may stand above it now.
    Pass::new(
        "scripted-order",
        Rung::Stages,
        "copies dependency files first in the remaining steps",
        dependency_files::run_again,
    )
    .assuming("installs read only the files that are copied before them", Support::Sources),
];
