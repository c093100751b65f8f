//! Rung 6: replaces a development or preview server.

mod reload;
#[cfg(test)]
mod tests;

use super::assumption::Support;
use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const PASSES: &[Pass] =
    &[Pass::new("production-form", Rung::Server, "starts servers without development features", reload::run)
        .assuming("no source changes in a running container", Support::Open)];
