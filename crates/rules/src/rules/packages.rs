//! Rules about packages and downloads: what installs them, where they come from, what stays of them.

pub(super) mod apt;
pub(super) mod cache_mount_missing;
pub(super) mod cache_mounts;
pub(super) mod dev_dependencies_kept;
pub(super) mod downloads;
pub(super) mod kept_caches;
pub(super) mod lock_file_absent;
pub(super) mod lock_files;
pub(super) mod package_calls;
pub(super) mod package_json;
pub(super) mod python_externally_managed;
pub(super) mod unpinned;
pub(super) mod verification;
