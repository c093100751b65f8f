//! Rules about manifests of platforms that start containers, and what several of them need.

pub(super) mod around;
mod asked;
pub(super) mod drift;
pub(super) mod exec;
pub(super) mod image;
pub(super) mod liveness;
pub(super) mod rights;
pub(super) mod rollout;
pub(super) mod tasks;
