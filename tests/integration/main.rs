//! The one binary of integration tests.
#![allow(clippy::unwrap_used)] // Every function here is a test or serves one.

mod cli;
mod context;
mod dockopt;
mod engine;
mod fixtures;
mod formats;
mod hostile;
mod mutation;
mod opens;
mod packaging;
mod readme;
mod secrets;
mod structure;
mod tidy;
mod vectors;
