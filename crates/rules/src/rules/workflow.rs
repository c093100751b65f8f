//! Rules about pipelines, and what several of them need.

pub(super) mod builds;
pub(super) mod cache;
pub(super) mod cache_contents;
pub(super) mod cache_flow;
pub(super) mod cache_lack;
pub(super) mod cache_places;
pub(super) mod cache_scopes;
pub(super) mod cache_size;
pub(super) mod commands;
pub(super) mod context;
pub(super) mod contexts;
pub(super) mod deploy;
pub(super) mod gitlab;
pub(super) mod justfile;
pub(super) mod missing_paths;
pub(super) mod paths;
pub(super) mod platforms;
pub(super) mod secrets;
pub(super) mod started;
mod references;
mod run_work;
mod start_needs;
mod steps;
pub(super) mod tags;
pub(super) mod versions;
