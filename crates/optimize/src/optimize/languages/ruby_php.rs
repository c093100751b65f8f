//! Ruby and PHP projects: dependencies in a separate stage.

pub(in crate::optimize) mod bundler;
pub(in crate::optimize) mod composer;
pub(in crate::optimize) mod ruby;
mod split;
#[cfg(test)]
mod tests;
