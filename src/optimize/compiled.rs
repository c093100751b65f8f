//! Rung 3 and the part of rung 4 that a language decides, for Go, Rust, Java and .NET: the toolchain builds in a stage of
//! its own, and what it made goes to the runtime that its publisher has for it.

mod base;
mod commands;
mod libraries;
mod packages;
mod place;
mod plan;
mod product;
mod remains;
mod runtime;
mod split;
mod stage;
mod wanted;

#[cfg(test)]
mod tests;

use super::pass::Pass;
use super::rung::Rung;

/// Its passes of rung 3.
pub(super) const STAGES: &[Pass] =
    &[Pass::new("compiled-stages", Rung::Stages, "the toolchain stays in a stage of its own", split::split)];

/// Its passes of rung 4; they run before those that hold for every language.
pub(super) const BASES: &[Pass] =
    &[Pass::new("compiled-base", Rung::Slim, "the runtime instead of the toolchain", base::replace)];
