//! What several passes know of a language: how the steps of a stage are read, what a program writes, and which packages of
//! the distribution its dependencies need. Nothing here is a pass.

pub(super) mod debian;
pub(super) mod node;
pub(super) mod python;
pub(super) mod ruby;
