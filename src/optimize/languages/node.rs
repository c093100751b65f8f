//! Node projects.

pub(in crate::optimize) mod native;
pub(in crate::optimize) mod pieces;
pub(in crate::optimize) mod started;
pub(in crate::optimize) mod uses;
pub(in crate::optimize) mod words;
pub(in crate::optimize) mod writes;
