//! What an editor shows of a text: findings, prices, fixes, names.
//!
//! A part of dockopt: the map of all crates is in the crate `dockopt`. A module uses only modules above it.

// Modules of the crates above.
use dockopt_build::{build, inputs, stack};
use dockopt_cache::cache;
use dockopt_dockerfile::dockerfile;
use dockopt_finding::{finding, fix};
use dockopt_project::workflow;
use dockopt_report::report;
use dockopt_rules::{audit, rules};
use dockopt_shell::shell;
use dockopt_text::{text, yaml};

pub mod editor; // findings, prices, fixes and names in the texts of an editor
