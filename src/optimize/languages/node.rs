//! Node projects.

pub(in crate::optimize) mod stage_blocker;
pub(in crate::optimize) mod native;
pub(in crate::optimize) mod stage_pieces;
pub(in crate::optimize) mod started_project;
pub(in crate::optimize) mod container_uses;
pub(in crate::optimize) mod words;
pub(in crate::optimize) mod writes;
