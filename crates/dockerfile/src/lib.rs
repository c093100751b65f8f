//! Dockerfiles as BuildKit reads them, .dockerignore, compose and bake files.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_text::{data, secret, text, yaml};

pub mod dockerfile; // Dockerfiles as BuildKit reads them
pub mod ignore; // .dockerignore
pub mod compose; // compose files
pub mod bake; // bake files
