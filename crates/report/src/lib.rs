//! Results of commands, and every output format.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{buildlog, inputs, stack};
use dockopt_cache::{attribution, cache, variables};
use dockopt_dockerfile::{compose, dockerfile};
use dockopt_emit::{deployment, emit, release};
use dockopt_finding::{finding, fix, settings};
use dockopt_image::image;
use dockopt_optimize::{optimize, proof, startup};
use dockopt_project::migration;
use dockopt_rules::{analysis, audit, rules};
use dockopt_text::{data, secret, text};

pub mod wire; // the shapes of JSON results
pub mod results; // JSON results of commands, joined and compared
pub mod fleet; // many repositories and images: lists, shards, what all results say together
pub mod report; // every output format
