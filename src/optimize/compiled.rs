//! Level 3, and the language-specific part of level 4, for Go, Rust, Java and .NET: the toolchain builds in a separate
//! stage, and its output is copied to the publisher's runtime image.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the tools compare names exactly")]

pub(super) mod base;
mod commands;
mod java;
mod libraries;
pub(super) mod manuals;
pub(super) mod mounts;
mod packages;
mod image_paths;
mod plan;
mod product;
mod runtime_files;
mod runtime;
pub(super) mod scratch;
pub(super) mod split;
mod stage;
mod split_blocker;
pub(super) mod start;
pub(super) mod target;
mod started_programs;

#[cfg(test)]
mod tests;

pub use self::runtime_files::unread_once_compiled;
use super::cache_mounts;
use super::pass_input::{PassInput, PassOutput};

/// Cache mounts for the step that compiles what a container did.
pub(super) fn mount_again(input: &PassInput, output: &mut PassOutput) {
    cache_mounts::run_again(input, output);
    if output.edits.is_empty() {
        mounts::mount(input, output);
    }
}
