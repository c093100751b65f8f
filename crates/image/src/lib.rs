//! Layers, files, packages and secrets of an image.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_text::{data, secret, text};

pub mod image; // layers, files, packages and secrets of an image
