//! Reads git repositories without git: commits, folders and files of commits, the index and the work tree. The formats
//! are gix's business; here are the questions of dockopt, with bounds and messages.

mod builds;
mod changed_paths;
mod checkout;
mod config;
mod directories;
mod folder;
mod history;
mod index;
mod large_files;
mod modes;
mod plain_folder;
mod reftable;
mod repository;
mod revision;
mod submodules;
mod tree;
mod work_tree;

pub use gix_hash::ObjectId;

pub use self::builds::{BuildPaths, CommitBuild, CommitFiles};
pub use self::directories::{Directories, WorkDirectory};
pub(super) use self::folder::{common_dir, git_folder, small_file};
pub use self::history::{Commit, History, HistoryEnd};
pub(super) use self::index::tracked_paths;
pub(super) use self::modes::git_modes;
pub use self::plain_folder::folder_directory;
pub use self::repository::Repository;
pub use self::tree::{TreeEntry, TreeEntryKind};
pub use self::work_tree::{WorkFile, WorkFileState};

#[cfg(test)]
mod tests;
