//! Rules about base images and stages.

pub(super) mod bases;
mod full_base;
mod shipped_tools;
pub(super) mod stages;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] = &[&bases::RULES, &full_base::RULES, &shipped_tools::RULES, &stages::RULES];
