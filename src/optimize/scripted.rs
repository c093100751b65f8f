//! Rung 3 for Ruby and PHP projects: dependencies in a separate stage.

pub(super) mod bundler;
mod bundler_blocker;
pub(super) mod composer;
mod composer_blocker;
mod split;
#[cfg(test)]
mod tests;
