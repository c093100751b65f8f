//! All rules, and what a command says about builds and images.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, buildlog, endpoint, inputs, stack};
use dockopt_cache::{arrange, attribution, cache, shellcheck, variables};
use dockopt_dockerfile::{compose, dockerfile, ignore};
use dockopt_finding::{finding, fix, settings};
use dockopt_image::image;
use dockopt_project::{manifest, migration, recipe, sources, workflow, workload};
use dockopt_shell::shell;
use dockopt_text::{data, secret, text, yaml};

pub mod rules; // all rules and their catalogue
pub mod audit; // inputs in, report out
pub mod analysis; // everything about one image, and about two
