//! What a commit stores otherwise than a checkout has it: submodules, and files in Git LFS.

use gix_hash::ObjectId;

use super::repository::Repository;
use super::tree::TreeEntryKind;
use crate::text::path;

/// Folders that are looked into.
const FOLDERS: usize = 5_000;

/// Submodules that are named.
const NAMED: usize = 5;

/// Bytes of a .gitattributes file.
const ATTRIBUTES: usize = 1 << 20;

impl Repository {
    /// What a reader must know of a folder's submodules and large files, in sentences without a full stop.
    pub fn special_files(&self, folder: ObjectId) -> Vec<String> {
        let mut submodules = Vec::new();
        let mut uses_lfs = false;
        let mut open = vec![(String::new(), folder)];
        let mut opened = 0;
        while let Some((above, folder)) = open.pop() {
            if opened == FOLDERS {
                break;
            }
            opened += 1;
            for entry in self.tree(folder).unwrap_or_default() {
                let place = path::child(&above, &entry.name);
                match entry.kind {
                    TreeEntryKind::Folder => open.push((place, entry.id)),
                    TreeEntryKind::Submodule => submodules.push(place),
                    TreeEntryKind::File if entry.name == ".gitattributes" => {
                        let text = self.blob(entry.id, ATTRIBUTES).unwrap_or_default();
                        uses_lfs |= String::from_utf8_lossy(&text).contains("filter=lfs");
                    }
                    _ => {}
                }
            }
        }
        submodules.sort();
        let mut messages = Vec::new();
        if !submodules.is_empty() {
            let more = submodules.len().saturating_sub(NAMED);
            submodules.truncate(NAMED);
            let names: Vec<String> = submodules.iter().map(|name| format!("`{name}`")).collect();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            messages.push(format!("a submodule changes with its commit: {}{more}", names.join(", ")));
        }
        if uses_lfs {
            messages.push("files in Git LFS are compared by their pointers, which change with the contents".to_owned());
        }
        messages
    }
}
