//! Level 3 for Ruby and PHP projects: dependencies in a separate stage.

pub(super) mod bundler;
pub(super) mod composer;
mod split;
#[cfg(test)]
mod tests;
