//! Rung `order`.

mod first;

use super::pass::Pass;
use super::rung::Rung;

/// Its passes.
pub(super) const PASSES: &[Pass] = &[Pass::new(
    "dependency-files-first",
    Rung::Order,
    "copies what installs read, and installs, before the sources are copied",
    first::run,
)];

#[cfg(test)]
mod tests;
