//! The one binary of integration tests.
#![allow(clippy::unwrap_used)] // Every function here is a test or serves one.

mod baseline;
mod cli;
mod context;
mod crash;
mod dockopt;
mod engine;
mod fixtures;
mod formats;
mod guide;
mod hostile;
mod image;
mod lint_vectors;
mod inline;
mod mutation;
mod opens;
mod optimize;
mod packaging;
mod patches;
mod projects;
mod readme;
mod secrets;
mod settings;
mod structure;
mod tidy;
mod vectors;
