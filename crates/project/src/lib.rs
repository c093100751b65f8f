//! Projects: their manifests and lock files, what their sources import and call, what builds them.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_shell::shell;
use dockopt_text::{data, secret, text, yaml};

pub mod manifest; // package.json, pyproject.toml, go.mod, … and their lock files
pub mod sources; // what source code imports and calls
pub mod migration; // migrations of databases: what they change, whether the old program goes on working
pub mod workflow; // pipelines: jobs, steps, and the images that they build
pub mod workload; // what manifests of Kubernetes and ECS say of containers
pub mod recipe; // `docker build` in makefiles, scripts and workflows
pub mod tasks; // what a project's type check, format check, linter and tests are called by
