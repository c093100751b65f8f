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
mod image_paths;
mod plan;
mod product;
mod runtime_files;
mod runtime;
mod scratch;
mod split;
mod stage;
mod start;
mod target;
mod started_programs;

#[cfg(test)]
mod tests;

pub(super) use self::runtime_files::unread;
use super::assumption::Support;
use super::pass::Pass;
use super::pass_input::{PassInput, PassOutput};
use super::rung::Rung;
use super::{cache_mounts, dependency_files};

/// Its passes of rung 1; they run behind those that hold for every language.
pub(super) const MOUNTS: &[Pass] = &[Pass::new(
    "build-tool-mounts",
    Rung::Order,
    "keeps what .NET's and Gradle's images fetch in cache mounts",
    mounts::mount,
)
.assuming("looks for no package in a cache when it runs", Support::Sources)];

/// Its passes of rung 3.
pub(super) const STAGES: &[Pass] = &[
    Pass::new(
        "compiled-start",
        Rung::Stages,
        "compiles when the image is built, not when a container starts",
        start::compile,
    )
    .assuming("compiles nothing that a container brings", Support::Sources),
    // What starts then is a step like those that rung 1 has seen.
    Pass::new("compiled-order", Rung::Stages, "the same order of steps for it", dependency_files::run_again)
        .assuming("reads nothing in its installs but what is copied first", Support::Sources),
    Pass::new("compiled-mounts", Rung::Stages, "the same cache mounts for it", mount_again)
        .assuming("looks for no package in a cache when it runs", Support::Sources),
    Pass::new("compiled-stages", Rung::Stages, "the toolchain stays in a stage of its own", split::split)
        .assuming("needs nothing of the build stage but what is copied from it", Support::Sources),
    Pass::new("cargo-target", Rung::Stages, "keeps what cargo compiles in a cache mount", target::keep)
        .assuming("needs nothing of the compiler's folder but the programs", Support::Sources),
];

/// Cache mounts for the step that compiles what a container did.
fn mount_again(scene: &PassInput, turn: &mut PassOutput) {
    cache_mounts::run_again(scene, turn);
    if turn.edits.is_empty() {
        mounts::mount(scene, turn);
    }
}

/// Its passes of rung 4; they run before those that hold for every language.
pub(super) const BASES: &[Pass] =
    &[Pass::new("compiled-base", Rung::Slim, "the runtime instead of the toolchain", base::replace)
        .assuming("needs nothing of the toolchain when it runs", Support::Open)];

/// Those that mend what slim bases lack; they run behind those that choose them.
pub(super) const MENDED: &[Pass] =
    &[Pass::new("java-manuals", Rung::Slim, "a folder that Debian's Java expects", manuals::make)
        .assuming("minds no empty folder", Support::Sources)];

/// Runs behind the pass that starts programs without a shell, and before that which makes users.
pub(super) const SCRATCH: &[Pass] =
    &[Pass::new("go-scratch", Rung::Hygiene, "no distribution below a static Go program", scratch::replace)
        .assuming("needs nothing of a system", Support::Sources)];
