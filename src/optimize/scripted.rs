//! Rung 3 for Ruby and PHP projects: dependencies in a stage of their own.

mod bundler;
mod composer;
mod split;
#[cfg(test)]
mod tests;

use super::assumption::Support;
use super::dependency_files;
use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new("bundler-stages", Rung::Stages, "install gems in a stage of their own", bundler::run)
        .assuming("needs nothing of the build stage but the gems", Support::Open),
    Pass::new("composer-stages", Rung::Stages, "install Composer packages in a stage of their own", composer::run)
        .assuming("needs nothing of the build stage but Composer's packages", Support::Open),
    // What is copied from that stage stands where an install was, and others may stand above it now.
    Pass::new("scripted-order", Rung::Stages, "the same order of steps for what stays", dependency_files::run_again)
        .assuming("reads nothing in its installs but what is copied first", Support::Sources),
];
