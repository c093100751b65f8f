//! Folders and files of a commit.

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;
use gix_object::{Find, FindHeader, Kind, TreeRefIter};

use super::repository::Repository;
use crate::failure::{Failure, FailureKind};
use crate::text::{exact_bytes, path};

/// Entries that a folder may have.
const ENTRIES: usize = 1_000_000;

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its name; bytes that are not UTF-8 become U+FFFD.
    pub name: String,
    /// What it is.
    pub kind: TreeEntryKind,
    /// The hash of its contents; of a submodule, its commit.
    pub id: ObjectId,
}

/// What git can store under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeEntryKind {
    /// A file without the executable bit.
    File,
    /// A file that can be executed.
    Executable,
    /// A symbolic link; its contents are the target's path.
    Link,
    /// A commit of another repository.
    Submodule,
    /// A folder.
    Folder,
}

impl Repository {
    /// The entries of a folder, in git's order. Names that no checkout can have (`..`, with a slash) are left out.
    ///
    /// # Errors
    /// It is missing, damaged or no folder.
    pub fn tree(&self, id: ObjectId) -> Result<Vec<TreeEntry>, Failure> {
        if id.is_empty_tree() {
            return Ok(Vec::new());
        }
        let mut buffer = Vec::new();
        let failure = |error: Option<&gix_error::Error>| self.object_failure(&id, "a folder of a commit", error);
        let object = match self.objects.try_find(&id, &mut buffer) {
            Ok(Some(object)) if object.kind == Kind::Tree => object,
            Ok(_) => return Err(failure(None)),
            Err(error) => return Err(failure(Some(&error))),
        };
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(object.data, self.hash).take(ENTRIES) {
            let entry = entry.map_err(|error| failure(Some(&error)))?;
            let name = entry.filename.to_string();
            if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
                continue;
            }
            let kind = match entry.mode.kind() {
                EntryKind::Blob => TreeEntryKind::File,
                EntryKind::BlobExecutable => TreeEntryKind::Executable,
                EntryKind::Link => TreeEntryKind::Link,
                EntryKind::Commit => TreeEntryKind::Submodule,
                EntryKind::Tree => TreeEntryKind::Folder,
            };
            entries.push(TreeEntry { name, kind, id: entry.oid.to_owned() });
        }
        Ok(entries)
    }

    /// What is at a path below a folder; `None` if nothing is. Links are not followed.
    ///
    /// # Errors
    /// A folder on the way cannot be read.
    pub fn entry_at(&self, tree: ObjectId, place: &str) -> Result<Option<TreeEntry>, Failure> {
        let place = path::normalize(place);
        let mut at = TreeEntry { name: String::new(), kind: TreeEntryKind::Folder, id: tree };
        for name in place.split('/').filter(|name| !name.is_empty()) {
            if at.kind != TreeEntryKind::Folder {
                return Ok(None);
            }
            let Some(entry) = self.tree(at.id)?.into_iter().find(|entry| entry.name == name) else { return Ok(None) };
            at = entry;
        }
        Ok(Some(at))
    }

    /// The contents of a file or the text of a link, of at most `limit` bytes.
    ///
    /// # Errors
    /// It is missing, damaged, larger, or no file.
    pub fn blob(&self, id: ObjectId, limit: usize) -> Result<Vec<u8>, Failure> {
        if id.is_empty_blob() {
            return Ok(Vec::new());
        }
        let failure = |error: Option<&gix_error::Error>| self.object_failure(&id, "a file of a commit", error);
        match self.objects.try_header(&id) {
            Ok(Some(header)) if header.size > limit as u64 => {
                let what = format!(
                    "a file of a commit ({}) is larger than {}",
                    id.to_hex_with_len(12),
                    exact_bytes(limit as u64)
                );
                return Err(Failure::new(FailureKind::Broken, what, "it is left out"));
            }
            Ok(Some(header)) if header.kind == Kind::Blob => {}
            Ok(_) => return Err(failure(None)),
            Err(error) => return Err(failure(Some(&error))),
        }
        let mut buffer = Vec::new();
        match self.objects.try_find(&id, &mut buffer) {
            Ok(Some(_)) => Ok(buffer),
            Ok(None) => Err(failure(None)),
            Err(error) => Err(failure(Some(&error))),
        }
    }
}
