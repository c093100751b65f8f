//! Rules about base images and stages.

pub(super) mod bases;
pub(super) mod full_base;
pub(super) mod node_build;
pub(super) mod shipped_tools;
pub(super) mod stages;
