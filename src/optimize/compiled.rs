//! Rung 3, and the language-specific part of rung 4, for Go, Rust, Java and .NET: the toolchain builds in a separate
//! stage, and its output is copied to the publisher's runtime image.

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
mod scratch_blocker;
mod split_blocker;
mod start;
mod start_blocker;
mod toolchain_reason;
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
    "keeps the downloads of .NET and Gradle images in cache mounts",
    mounts::mount,
)
.assuming("the program reads no package cache at run time", Support::Sources)];

/// Its passes of rung 3.
pub(super) const STAGES: &[Pass] = &[
    Pass::new(
        "compiled-start",
        Rung::Stages,
        "compiles when the image is built instead of at every start",
        start::compile,
    )
    .assuming("no container replaces the compiled sources", Support::Sources),
    // What starts then is a step like those that rung 1 has seen.
    Pass::new(
        "compiled-order",
        Rung::Stages,
        "copies the dependency files first after compiled-start",
        dependency_files::run_again,
    )
    .assuming("installs read only the files that are copied before them", Support::Sources),
    Pass::new(
        "compiled-mounts",
        Rung::Stages,
        "keeps package downloads in cache mounts after compiled-start",
        mount_again,
    )
    .assuming("the program reads no package cache at run time", Support::Sources),
    Pass::new("compiled-stages", Rung::Stages, "compiles in a separate build stage", split::split)
        .assuming("the final image needs nothing from the build stage but the files that are copied", Support::Sources),
    Pass::new("cargo-target", Rung::Stages, "keeps cargo's target folder in a cache mount", target::keep)
        .assuming("the program needs nothing from cargo's target folder but the executables", Support::Sources),
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
    &[Pass::new("compiled-base", Rung::Slim, "uses the runtime image instead of the toolchain image", base::replace)
        .assuming("the program needs no toolchain at run time", Support::Open)];

/// Those that mend what slim bases lack; they run behind those that choose them.
pub(super) const MENDED: &[Pass] =
    &[Pass::new("java-manuals", Rung::Slim, "creates a folder that Debian's Java packages expect", manuals::make)
        .assuming("an additional empty folder does no harm", Support::Sources)];

/// Runs behind the pass that starts programs without a shell, and before that which makes users.
pub(super) const SCRATCH: &[Pass] =
    &[Pass::new("go-scratch", Rung::Hygiene, "uses `scratch` for a static Go program", scratch::replace)
        .assuming("the program needs nothing from an operating system", Support::Sources)];
