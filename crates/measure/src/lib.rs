//! Builds, containers and timings.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, buildlog, inputs, stack};
use dockopt_cache::cache;
use dockopt_dockerfile::{compose, dockerfile, ignore};
use dockopt_emit::deployment;
use dockopt_finding::finding;
use dockopt_image::image;
use dockopt_load::{engine, load};
use dockopt_optimize::{optimize, proof, startup};
use dockopt_project::{manifest, sources};
use dockopt_shell::shell;
use dockopt_text::{data, failure, secret, text};

pub mod measure; // builds, containers, timings
