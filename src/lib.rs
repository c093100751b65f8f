//! dockopt makes Docker builds small and fast, and proves it.
//!
//! This file is the map. The modules stand in reading order; each uses only modules above it, and a test
//! (`tests/integration/tidy.rs`) enforces that.

// Pure: bytes or text in, values out; no file, clock, process, environment, print.
pub mod ignore;
pub mod inputs;
pub mod text;

// Effectful: the only modules that touch the world.
pub mod load;
