//! Rules about packages and downloads: what installs them, where they come from, what stays of them.

mod apt;
mod cache_mount_missing;
mod cache_mounts;
mod dev_dependencies_kept;
mod downloads;
mod kept_caches;
mod lock_files;
mod package_calls;
mod unpinned;
pub(super) mod verification;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] = &[
    &apt::RULES,
    &cache_mount_missing::RULES,
    &cache_mounts::RULES,
    &dev_dependencies_kept::RULES,
    &downloads::RULES,
    &kept_caches::RULES,
    &lock_files::RULES,
    &package_calls::RULES,
    &unpinned::RULES,
    &verification::RULES,
];
