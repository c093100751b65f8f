//! Facts about a language that several passes need: how the steps of a stage are read, what a program writes, and which
//! system packages its dependencies need. It contains no pass.

pub(super) mod debian;
pub(super) mod node;
pub(super) mod python;
pub(super) mod ruby;
