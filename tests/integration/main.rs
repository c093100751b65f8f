//! The one binary of integration tests.
#![allow(clippy::unwrap_used)] // Every function here is a test or serves one.

mod adoption;
mod baseline;
mod cli;
mod context;
mod crash;
mod cycles;
mod dockopt;
mod engine;
mod fixtures;
mod formats;
mod guide;
mod hadolint_suite;
mod hostile;
mod image;
mod lint_vectors;
mod inline;
mod mutation;
mod opens;
mod optimize;
mod packaging;
mod patches;
mod path_functions;
mod prices;
mod projects;
mod readme;
mod safe_rows;
mod secrets;
mod settings;
mod settings_schema;
mod shellcheck;
mod string_tables;
mod structure;
mod tidy;
mod vectors;
