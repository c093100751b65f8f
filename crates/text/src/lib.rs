//! Texts with spans, tables of data, secrets, YAML: what every other crate reads with.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

pub mod data; // embedded tables
pub mod text; // sources, spans, edits, paths
pub mod secret; // what looks like a secret
pub mod yaml; // YAML with spans
pub mod failure; // the error of the modules below
