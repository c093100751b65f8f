//! Rules about the build context, COPY, folders and layers.

pub(super) mod context_files;
pub(super) mod context_waste;
pub(super) mod copied_programs;
pub(super) mod copies;
pub(super) mod deleted_in_later_layer;
pub(super) mod folders;
pub(super) mod ignore_files;
pub(super) mod ignored_names;
pub(super) mod late_changes;
pub(super) mod layers;
pub(super) mod permissions;
pub(super) mod recursive_chown;
pub(super) mod shell_syntax_in_copy;
pub(super) mod sources_before_dependencies;
pub(super) mod system_link_copied_over;
pub(super) mod system_packages_after_sources;
pub(super) mod workspace_modules_copied;
