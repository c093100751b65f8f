//! Findings, the settings that choose them, and their fixes.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, inputs};
use dockopt_dockerfile::dockerfile;
use dockopt_image::image;
use dockopt_text::{secret, text, yaml};

pub mod finding; // findings, prices, fixes, suppressions
pub mod settings; // dockopt.toml, .hadolint.yaml, comments
pub mod fix; // applies fixes until none is left
