//! What a Dockerfile and the services of a compose project mean.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_dockerfile::{compose, dockerfile, ignore};
use dockopt_image::image;
use dockopt_project::{manifest, migration, recipe, sources, workflow, workload};
use dockopt_shell::shell;
use dockopt_text::{data, secret, text};

pub mod buildlog; // build logs in every form
pub mod inputs; // everything that was read
pub mod build; // what a Dockerfile means
pub mod stack; // what the services of a compose project mean
pub mod endpoint; // where a container answers: port and route
