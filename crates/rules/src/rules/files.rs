//! Rules about the build context, COPY, folders and layers.

mod context_files;
pub(super) mod context_waste;
mod copied_programs;
mod copies;
mod deleted_in_later_layer;
mod folders;
mod late_changes;
mod layers;
mod permissions;
mod recursive_chown;
mod sources_before_dependencies;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] = &[
    &context_files::RULES,
    &context_waste::RULES,
    &copied_programs::RULES,
    &copies::RULES,
    &deleted_in_later_layer::RULES,
    &folders::RULES,
    &late_changes::RULES,
    &layers::RULES,
    &permissions::RULES,
    &recursive_chown::RULES,
    &sources_before_dependencies::RULES,
];
