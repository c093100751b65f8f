//! Rung 3 for Ruby and PHP projects: dependencies in a stage of their own.

mod bundler;
mod composer;
mod split;
#[cfg(test)]
mod tests;

use super::dependency_files;
use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new("bundler-stages", Rung::Stages, "install gems in a stage of their own", bundler::run),
    Pass::new("composer-stages", Rung::Stages, "install Composer packages in a stage of their own", composer::run),
    // What is copied from that stage stands where an install was, and others may stand above it now.
    Pass::new("scripted-order", Rung::Stages, "the same order of steps for what stays", dependency_files::again),
];
