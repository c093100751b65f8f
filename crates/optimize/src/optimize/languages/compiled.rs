//! Level 3, and the language-specific part of level 4, for Go, Rust, Java and .NET: the toolchain builds in a separate
//! stage, and its output is copied to the publisher's runtime image.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the tools compare names exactly")]

pub(in crate::optimize) mod base;
mod commands;
mod java;
mod libraries;
pub(in crate::optimize) mod manuals;
pub(in crate::optimize) mod mounts;
mod packages;
mod image_paths;
mod plan;
mod product;
mod runtime_files;
mod runtime;
pub(in crate::optimize) mod scratch;
pub(in crate::optimize) mod split;
mod stage;
mod split_blocker;
pub(in crate::optimize) mod start;
pub(in crate::optimize) mod target;
mod started_programs;

#[cfg(test)]
mod tests;

pub use self::runtime_files::unread_once_compiled;
use crate::optimize::cache_mounts;
use crate::optimize::pass_input::{PassInput, PassOutput};

/// Cache mounts for the step that compiles what a container did.
pub(in crate::optimize) fn mount_again(input: &PassInput, output: &mut PassOutput) {
    cache_mounts::run_again(input, output);
    if output.edits.is_empty() {
        mounts::mount(input, output);
    }
}
