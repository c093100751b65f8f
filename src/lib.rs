//! dockopt makes Docker builds small and fast, and proves it.
//!
//! This file is the map. The modules stand in reading order; each uses only modules above it, and a test
//! (`tests/integration/tidy.rs`) enforces that.

// Pure: bytes or text in, values out; no file, clock, process, environment, print.
pub mod data;
pub mod text;
pub mod secret;
pub mod yaml;
pub mod compose;
pub mod bake;
pub mod shell;
pub mod dockerfile;
pub mod ignore;
pub mod manifest;
pub mod sources;
pub mod recipe;
pub mod image;
pub mod inputs;
pub mod build;
pub mod shellcheck;
pub mod attribution;
pub mod cache;
pub mod finding;
pub mod settings;
pub mod fix;
pub mod arrange;
pub mod rules;
pub mod audit;
pub mod optimize;
pub mod proof;
pub mod analysis;
pub mod report;
pub mod failure;

// Effectful: the only rooms that touch the world.
pub mod remote;
pub mod engine;
pub mod load;
pub mod measure;
pub mod cli;
