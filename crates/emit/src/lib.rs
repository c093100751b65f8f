//! Compose files for repositories.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, buildlog, endpoint, inputs, stack};
use dockopt_cache::variables;
use dockopt_dockerfile::{compose, dockerfile, ignore};
use dockopt_image::image;
use dockopt_project::{manifest, recipe, sources, tasks, workflow};
use dockopt_shell::shell;
use dockopt_text::{data, secret, text, yaml};

pub mod emit; // compose files for repositories
pub mod deployment; // files that replace containers without a lost request
pub mod cluster; // files for clusters: Kubernetes, ECS
pub mod release; // the plan before a deployment, the report after it
pub mod pipeline; // pipelines that test, build, start, tag and deploy
pub mod fleet_jobs; // jobs that check many repositories and images, for GitHub, GitLab and Kubernetes
