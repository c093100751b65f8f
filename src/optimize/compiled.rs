//! Rung 3 and the part of rung 4 that a language decides, for Go, Rust, Java and .NET: the toolchain builds in a stage of
//! its own, and what it made goes to the runtime that its publisher has for it.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the tools compare names exactly")]

mod base;
mod commands;
mod java;
mod libraries;
mod manuals;
mod mounts;
mod packages;
mod place;
mod plan;
mod product;
mod remains;
mod runtime;
mod scratch;
mod split;
mod stage;
mod start;
mod target;
mod wanted;

#[cfg(test)]
mod tests;

pub(super) use self::remains::unread;
use super::pass::Pass;
use super::rung::Rung;
use super::{cache_mounts, dependency_files};

/// Its passes of rung 1; they run behind those that hold for every language.
pub(super) const MOUNTS: &[Pass] = &[Pass::new(
    "build-tool-mounts",
    Rung::Order,
    "keeps what .NET's and Gradle's images fetch in cache mounts",
    mounts::mount,
)];

/// Its passes of rung 3.
pub(super) const STAGES: &[Pass] = &[
    Pass::new(
        "compiled-start",
        Rung::Stages,
        "compiles when the image is built, not when a container starts",
        start::compile,
    ),
    // What starts then is a step like those that rung 1 has seen.
    Pass::new("compiled-order", Rung::Stages, "the same order of steps for it", dependency_files::again),
    Pass::new("compiled-mounts", Rung::Stages, "the same cache mounts for it", cache_mounts::again),
    Pass::new("compiled-stages", Rung::Stages, "the toolchain stays in a stage of its own", split::split),
    Pass::new("cargo-target", Rung::Stages, "keeps what cargo compiles in a cache mount", target::keep),
];

/// Its passes of rung 4; they run before those that hold for every language.
pub(super) const BASES: &[Pass] =
    &[Pass::new("compiled-base", Rung::Slim, "the runtime instead of the toolchain", base::replace)];

/// Those that mend what slim bases lack; they run behind those that choose them.
pub(super) const MENDED: &[Pass] =
    &[Pass::new("java-manuals", Rung::Slim, "a folder that Debian's Java expects", manuals::make)];

/// What `max` adds; it runs behind the pass that starts programs without a shell, and before that which makes users.
pub(super) const SCRATCH: &[Pass] =
    &[Pass::at_max("go-scratch", Rung::Hygiene, "no distribution below a static Go program", scratch::replace)];
