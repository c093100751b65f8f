//! Walks over a tree that leave out what its .gitignore files list. The library reads these files whole, whatever they
//! are: a pipe, a device, a file without an end.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::looked_at::{note_folder, note_read};

/// The files with patterns that the library reads in each folder.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// The maximum length of such a file, in bytes.
const LONGEST: u64 = 1 << 20;

/// A walk below a folder, hidden files among the others. Where the folder or one above it has an ignore file that cannot
/// be read, no ignore file counts. Give [`may_be_entered`] to the walk's filter.
pub(super) fn tree_walk(root: &Path) -> WalkBuilder {
    note_folder(root);
    let top = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let is_readable = top.ancestors().all(|folder| unreadable_ignore_file(folder).is_none());
    let mut walk = WalkBuilder::new(root);
    walk.hidden(false).require_git(false).follow_links(false);
    if !is_readable {
        walk.standard_filters(false);
    }
    walk
}

/// Whether an entry of a walk is no folder with an ignore file that cannot be read.
pub(super) fn may_be_entered(entry: &DirEntry) -> bool {
    obstacle(entry).is_none()
}

/// The ignore file for which a folder of a walk is not entered.
pub(super) fn obstacle(entry: &DirEntry) -> Option<PathBuf> {
    let is_folder = entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir());
    if !is_folder {
        return None;
    }
    note_folder(entry.path());
    unreadable_ignore_file(entry.path())
}

/// The ignore file of a folder that is no regular file, or too long.
pub(super) fn unreadable_ignore_file(folder: &Path) -> Option<PathBuf> {
    let is_unreadable = |file: &PathBuf| {
        let is_fine = |file: Metadata| file.is_dir() || file.is_file() && file.len() <= LONGEST;
        let metadata = file.metadata();
        if metadata.is_ok() {
            note_read(file);
        }
        metadata.is_ok_and(|file| !is_fine(file))
    };
    IGNORE_FILES.iter().map(|name| folder.join(name)).find(is_unreadable)
}
