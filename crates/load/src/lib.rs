//! Registries, Docker engines and files.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, buildlog, inputs, stack};
use dockopt_cache::{cache, shellcheck, variables};
use dockopt_dockerfile::{bake, compose, dockerfile, ignore};
use dockopt_finding::settings;
use dockopt_image::image;
use dockopt_project::{manifest, migration, recipe, sources, workflow, workload};
use dockopt_shell::shell;
use dockopt_text::{data, failure, secret, text};

pub mod remote; // registries, comments on pull requests
pub mod engine; // Docker engines
pub mod load; // finds and reads files
