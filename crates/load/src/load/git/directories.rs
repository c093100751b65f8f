//! Folders of commits as the cache model compares them. A folder that several commits share is one in memory.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use gix_hash::ObjectId;

use super::repository::Repository;
use super::submodules::Submodules;
use super::tree::{TreeEntry, TreeEntryKind};
use crate::cache::{ContentId, Directory, FOLDER_MODE, FileNode, Node};
use crate::failure::{Failure, FailureKind};
use crate::text::path;

/// Permission bits of files in a clone.
pub(super) const FILE_MODE: u16 = 0o644;

/// Permission bits of executable files in a clone.
pub(super) const EXECUTABLE_MODE: u16 = 0o755;

/// Folders in folders.
const DEPTH: usize = 256;

/// Files below a folder: as many as a context may have.
const FILES: u64 = 5_000_000;

/// Entries that are kept in memory; beyond, folders are read again.
const KEPT_ENTRIES: usize = 400_000;

/// Bytes of a link's text.
const LINK: usize = 64 << 10;

/// Submodules in submodules.
const NESTED: usize = 8;

/// A folder of the work tree.
#[derive(Debug)]
pub struct WorkDirectory {
    /// Its files.
    pub root: Arc<Directory>,
    /// The paths of submodules that are not checked out.
    pub unread: BTreeSet<String>,
}

impl Repository {
    /// A folder of the work tree as the builder would be sent it, given its path below the repository's top, with the
    /// files of submodules. Ignored files that git does not track are left out. Modes are those of a clone with the
    /// usual umask.
    ///
    /// # Errors
    /// The repository has no work tree.
    pub fn work_directory(&self, folder: &str) -> Result<WorkDirectory, Failure> {
        self.work_folder(folder, 0)
    }

    fn work_folder(&self, folder: &str, depth: usize) -> Result<WorkDirectory, Failure> {
        let files = self.work_files(folder)?;
        let top = self.work_tree().unwrap_or(Path::new("")).join(folder);
        let mut unread = BTreeSet::new();
        let nodes = files.into_iter().map(|file| {
            let content = ContentId::of_git(file.id.as_bytes());
            let node = match file.kind {
                TreeEntryKind::Link => {
                    let target = std::fs::read_link(top.join(&file.path)).unwrap_or_default();
                    Node::Link(target.to_string_lossy().into())
                }
                TreeEntryKind::Executable => Node::File(FileNode::new(content, EXECUTABLE_MODE)),
                TreeEntryKind::Submodule => {
                    if let Some(below) = checked_out(&top.join(&file.path), depth) {
                        unread.extend(below.unread.iter().map(|name| path::child(&file.path, name)));
                        Node::Directory { mode: FOLDER_MODE, entries: below.root }
                    } else {
                        unread.insert(file.path.clone());
                        Node::Other(content)
                    }
                }
                TreeEntryKind::File | TreeEntryKind::Folder => Node::File(FileNode::new(content, FILE_MODE)),
            };
            (file.path, node)
        });
        let root = Arc::new(Directory::of_paths(nodes));
        Ok(WorkDirectory { root, unread })
    }
}

/// The files of a submodule; `None` if it is not checked out.
fn checked_out(folder: &Path, depth: usize) -> Option<WorkDirectory> {
    if depth == NESTED || !folder.join(".git").exists() {
        return None;
    }
    let submodule = Repository::discover(folder).ok()??;
    let is_here = submodule.work_tree()?.canonicalize().ok()? == folder.canonicalize().ok()?;
    if is_here { submodule.work_folder("", depth + 1).ok() } else { None }
}

/// The folders of a repository that were read so far.
pub struct Directories<'r> {
    repository: &'r Repository,
    /// Opened where a commit has a submodule.
    submodules: Option<Submodules>,
    folders: HashMap<ObjectId, CountedDirectory>,
    entries: usize,
    entries_read: u64,
    unread: BTreeSet<String>,
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
        Self {
            repository,
            submodules: None,
            folders: HashMap::new(),
            entries: 0,
            entries_read: 0,
            unread: BTreeSet::new(),
        }
    }

    /// The folder with this hash, and all below it, the files of submodules included: the same one each time. Modes are
    /// those of a clone with the usual umask.
    ///
    /// # Errors
    /// Something of it is missing or damaged, or it has more than 5,000,000 files.
    pub fn directory(&mut self, tree: ObjectId) -> Result<Arc<Directory>, Failure> {
        Ok(self.read(&Place { submodule: None, path: String::new(), depth: 0 }, tree)?.directory)
    }

    /// The paths of submodules whose files the clone lacks, in the folders that were asked for. Such a submodule is a node
    /// of which nothing but its commit is known.
    pub fn unread(&self) -> &BTreeSet<String> {
        &self.unread
    }

    /// The entries of all folders that were read, those of forgotten ones included.
    pub fn entries_read(&self) -> u64 {
        self.entries_read
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

    fn read(&mut self, place: &Place, tree: ObjectId) -> Result<CountedDirectory, Failure> {
        if let Some(known) = self.folders.get(&tree) {
            return Ok(known.clone());
        }
        let too_much = |what: String| Failure::new(FailureKind::Broken, what, "leave the commit out");
        if place.depth > DEPTH {
            return Err(too_much(format!("folders of a commit are nested more than {DEPTH} deep")));
        }
        let entries = self.repository(place).tree(tree)?;
        self.entries += entries.len();
        self.entries_read += entries.len() as u64;
        let mut files = 0_u64;
        let mut nodes = Vec::with_capacity(entries.len());
        for entry in entries {
            let below = match entry.kind {
                TreeEntryKind::Folder => Some(self.read(&place.below(&entry.name), entry.id)?),
                TreeEntryKind::Submodule => self.submodule(place.below(&entry.name), entry.id),
                _ => None,
            };
            let node = if let Some(below) = below {
                files = files.saturating_add(below.files);
                Node::Directory { mode: FOLDER_MODE, entries: below.directory }
            } else {
                files = files.saturating_add(1);
                leaf(self.repository(place), &entry)?
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

    fn repository(&self, place: &Place) -> &Repository {
        let submodule = place.submodule.and_then(|at| self.submodules.as_ref()?.repository(at));
        submodule.unwrap_or(self.repository)
    }

    /// The files of a submodule's commit; `None` if the clone lacks them.
    fn submodule(&mut self, mut place: Place, commit: ObjectId) -> Option<CountedDirectory> {
        let submodules = self.submodules.get_or_insert_with(|| Submodules::of(self.repository));
        let read = submodules.commit(commit).and_then(|(at, tree)| {
            place.submodule = Some(at);
            self.read(&place, tree).ok()
        });
        if read.is_none() {
            self.unread.insert(place.path);
        }
        read
    }
}

/// Where a folder is.
struct Place {
    /// The repository that has it; `None` for that of the commit.
    submodule: Option<usize>,
    /// Its path below the folder that was asked for.
    path: String,
    depth: usize,
}

impl Place {
    fn below(&self, name: &str) -> Self {
        Self { submodule: self.submodule, path: path::child(&self.path, name), depth: self.depth + 1 }
    }
}

fn leaf(repository: &Repository, entry: &TreeEntry) -> Result<Node, Failure> {
    let content = ContentId::of_git(entry.id.as_bytes());
    Ok(match entry.kind {
        TreeEntryKind::Executable => Node::File(FileNode::new(content, EXECUTABLE_MODE)),
        TreeEntryKind::Link => {
            let text = repository.blob(entry.id, LINK)?;
            Node::Link(String::from_utf8_lossy(&text).into())
        }
        TreeEntryKind::Submodule => Node::Other(content),
        TreeEntryKind::File | TreeEntryKind::Folder => Node::File(FileNode::new(content, FILE_MODE)),
    })
}
