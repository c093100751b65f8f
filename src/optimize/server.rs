//! Rung 6: another server in the place of one for development or previews.

mod reload;
#[cfg(test)]
mod tests;

use super::assumption::Support;
use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const PASSES: &[Pass] =
    &[Pass::new("production-form", Rung::Server, "start servers without what serves development", reload::run)
        .assuming("changes no source in a container", Support::Open)];
