//! The languages: what several passes need to know of each (how the steps of a stage are read, what a program writes, which
//! system packages its dependencies need), and the passes that are for one.

pub(super) mod compiled;
pub(super) mod node;
pub(super) mod python;
pub(super) mod ruby_php;
