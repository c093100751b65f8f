//! Folders of commits as the cache model compares them. A folder that several commits share is one in memory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gix_hash::ObjectId;

use super::repository::Repository;
use super::tree::{TreeEntry, TreeEntryKind};
use crate::cache::{ContentId, Directory, FOLDER_MODE, FileNode, Node};
use crate::failure::{Failure, FailureKind};

/// Permission bits of files in a clone.
const FILE_MODE: u16 = 0o644;

/// Permission bits of executable files in a clone.
const EXECUTABLE_MODE: u16 = 0o755;

/// Folders in folders.
const DEPTH: usize = 256;

/// Files below a folder: as many as a context may have.
const FILES: u64 = 5_000_000;

/// Entries that are kept in memory; beyond, folders are read again.
const KEPT_ENTRIES: usize = 400_000;

/// Bytes of a link's text.
const LINK: usize = 64 << 10;

impl Repository {
    /// A folder of the work tree as the builder would be sent it, given its path below the repository's top. Ignored
    /// files that git does not track are left out. Modes are those of a clone with the usual umask.
    ///
    /// # Errors
    /// The repository has no work tree.
    pub fn work_directory(&self, folder: &str) -> Result<Arc<Directory>, Failure> {
        let files = self.work_files(folder)?;
        let top = self.work_tree().unwrap_or(Path::new("")).join(folder);
        let nodes = files.into_iter().map(|file| {
            let content = ContentId::of_git(file.id.as_bytes());
            let node = match file.kind {
                TreeEntryKind::Link => {
                    let target = std::fs::read_link(top.join(&file.path)).unwrap_or_default();
                    Node::Link(target.to_string_lossy().into())
                }
                TreeEntryKind::Executable => Node::File(FileNode::new(content, EXECUTABLE_MODE)),
                TreeEntryKind::Submodule => Node::Other(content),
                TreeEntryKind::File | TreeEntryKind::Folder => Node::File(FileNode::new(content, FILE_MODE)),
            };
            (file.path, node)
        });
        Ok(Arc::new(Directory::of_paths(nodes)))
    }
}

/// The folders of a repository that were read so far.
pub struct Directories<'r> {
    repository: &'r Repository,
    folders: HashMap<ObjectId, CountedDirectory>,
    entries: usize,
}

/// A folder and the number of files below it.
#[derive(Clone)]
struct CountedDirectory {
    directory: Arc<Directory>,
    files: u64,
}

impl<'r> Directories<'r> {
    /// None yet.
    pub fn new(repository: &'r Repository) -> Self {
        Self { repository, folders: HashMap::new(), entries: 0 }
    }

    /// The folder with this hash, and all below it: the same one each time. Modes are those of a clone with the usual
    /// umask.
    ///
    /// # Errors
    /// Something of it is missing or damaged, or it has more than 5,000,000 files.
    pub fn directory(&mut self, tree: ObjectId) -> Result<Arc<Directory>, Failure> {
        Ok(self.read(tree, 0)?.directory)
    }

    /// Whether so much is kept that it is time to forget it.
    pub fn is_full(&self) -> bool {
        self.entries > KEPT_ENTRIES
    }

    /// Forgets all folders; those that are asked for again are read again.
    pub fn forget(&mut self) {
        self.folders.clear();
        self.entries = 0;
    }

    fn read(&mut self, tree: ObjectId, depth: usize) -> Result<CountedDirectory, Failure> {
        if let Some(known) = self.folders.get(&tree) {
            return Ok(known.clone());
        }
        let too_much = |what: String| Failure::new(FailureKind::Broken, what, "leave the commit out");
        if depth > DEPTH {
            return Err(too_much(format!("folders of a commit are nested more than {DEPTH} deep")));
        }
        let entries = self.repository.tree(tree)?;
        self.entries += entries.len();
        let mut files = 0_u64;
        let mut nodes = Vec::with_capacity(entries.len());
        for entry in entries {
            let node = if entry.kind == TreeEntryKind::Folder {
                let below = self.read(entry.id, depth + 1)?;
                files = files.saturating_add(below.files);
                Node::Directory { mode: FOLDER_MODE, entries: below.directory }
            } else {
                files = files.saturating_add(1);
                self.leaf(&entry)?
            };
            nodes.push((entry.name.into_boxed_str(), node));
        }
        if files > FILES {
            return Err(too_much(format!("a folder of a commit has more than {FILES} files")));
        }
        let counted = CountedDirectory { directory: Arc::new(Directory::new(nodes)), files };
        self.folders.insert(tree, counted.clone());
        Ok(counted)
    }

    fn leaf(&self, entry: &TreeEntry) -> Result<Node, Failure> {
        let content = ContentId::of_git(entry.id.as_bytes());
        Ok(match entry.kind {
            TreeEntryKind::Executable => Node::File(FileNode::new(content, EXECUTABLE_MODE)),
            TreeEntryKind::Link => {
                let text = self.repository.blob(entry.id, LINK)?;
                Node::Link(String::from_utf8_lossy(&text).into())
            }
            TreeEntryKind::Submodule => Node::Other(content),
            TreeEntryKind::File | TreeEntryKind::Folder => Node::File(FileNode::new(content, FILE_MODE)),
        })
    }
}
