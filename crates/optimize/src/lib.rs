//! Rewrites of whole builds, and what proves them.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, buildlog, endpoint, inputs, stack};
use dockopt_cache::arrange;
use dockopt_dockerfile::dockerfile;
use dockopt_finding::{finding, fix};
use dockopt_image::image;
use dockopt_project::{manifest, sources};
use dockopt_shell::shell;
use dockopt_text::{data, secret, text};

#[cfg(test)]
use dockopt_dockerfile::{compose, ignore};
#[cfg(test)]
use dockopt_rules::rules;

pub mod optimize; // rewrites of whole builds
pub mod proof; // compares two images
pub mod startup; // what the start of a compose project proves
