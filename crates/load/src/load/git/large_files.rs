//! Files that a commit stores otherwise than a checkout has them: those in Git LFS.

use gix_hash::ObjectId;

use super::repository::Repository;
use super::tree::TreeEntryKind;

/// Folders that are looked into.
const FOLDERS: usize = 5_000;

/// Bytes of a .gitattributes file.
const ATTRIBUTES: usize = 1 << 20;

impl Repository {
    /// Whether some files of a folder are in Git LFS.
    pub fn uses_large_files(&self, folder: ObjectId) -> bool {
        let mut open = vec![folder];
        let mut opened = 0;
        while let Some(folder) = open.pop() {
            if opened == FOLDERS {
                break;
            }
            opened += 1;
            for entry in self.tree(folder).unwrap_or_default() {
                match entry.kind {
                    TreeEntryKind::Folder => open.push(entry.id),
                    TreeEntryKind::File if entry.name == ".gitattributes" => {
                        let text = self.blob(entry.id, ATTRIBUTES).unwrap_or_default();
                        if String::from_utf8_lossy(&text).contains("filter=lfs") {
                            return true;
                        }
                    }
                    _ => {}
                }
            }
        }
        false
    }
}
