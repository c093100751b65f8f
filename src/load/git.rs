//! Reads git repositories without git: commits, folders and files of commits, the index and the work tree. The formats
//! are gix's business; here are the questions of dockopt, with bounds and messages.

mod config;
mod history;
mod index;
mod repository;
mod revision;
mod tree;
mod work_tree;

pub use gix_hash::ObjectId;

pub use self::history::{Commit, History, HistoryEnd};
pub(super) use self::index::{git_folder, tracked_paths};
pub use self::repository::Repository;
pub(super) use self::repository::{common_dir, small_file};
pub use self::tree::{TreeEntry, TreeEntryKind};
pub use self::work_tree::{WorkFile, WorkFileState};

#[cfg(test)]
mod tests;
