//! Shell scripts, and the programs in them.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_text::{data, text};

pub mod shell; // shell scripts and the programs in them
