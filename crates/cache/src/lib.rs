//! What a change reruns, which line made which layer, the order of instructions.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, buildlog, inputs, stack};
use dockopt_dockerfile::{compose, dockerfile, ignore};
use dockopt_image::image;
use dockopt_project::{manifest, sources};
use dockopt_shell::shell;
use dockopt_text::{data, secret, text, yaml};

pub mod variables; // which variables the services of a project read and get
pub mod shellcheck; // ShellCheck's answers
pub mod attribution; // which line made which layer
pub mod cache; // what a change reruns
pub mod arrange; // the order of a stage's instructions
