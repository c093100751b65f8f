//! The files of a build context as the cache model compares them: a tree whose equal parts are shared, so that the trees
//! of a thousand commits cost little more than what the commits changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use twox_hash::XxHash3_128;

/// Identifies the bytes of a file. Two ids are comparable only if they come from the same source: either hashes of the
/// bytes, or the first half of Git's object ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId(pub u128);

impl ContentId {
    /// Of the bytes themselves.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(XxHash3_128::oneshot(bytes))
    }

    /// Of the id of a Git blob, 20 or 32 bytes.
    pub fn of_git(id: &[u8]) -> Self {
        let mut half = [0; 16];
        half.iter_mut().zip(id).for_each(|(byte, from)| *byte = *from);
        Self(u128::from_be_bytes(half))
    }
}

/// A folder: its entries by name, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    entries: Vec<(Box<str>, Node)>,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A file.
    File(FileNode),
    /// A folder.
    Directory {
        /// Permission bits.
        mode: u16,
        /// What it holds.
        entries: Arc<Directory>,
    },
    /// A symbolic link and its text.
    Link(Box<str>),
    /// A device or pipe, or a submodule whose files are not known: a path that leads into it takes all of it.
    Other(ContentId),
}

/// A file: what the builder compares, and what it decides by whether to transfer the file again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNode {
    /// Its bytes.
    pub content: ContentId,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u16,
    /// Extended attributes that count (`user.*`, `security.capability`), hashed; 0 without any.
    pub attributes: u128,
    /// Size and time; `None` where only the content is known.
    pub stat: Option<FileStat>,
}

/// What an incremental transfer compares (`fsutil`): a file of the same size and time is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Bytes.
    pub size: u64,
    /// Time of the last change in nanoseconds since 1970.
    pub modified: i128,
}

impl FileNode {
    /// A file of which only content and mode are known.
    pub fn new(content: ContentId, mode: u16) -> Self {
        Self { content, mode, attributes: 0, stat: None }
    }
}

/// Permission bits of folders that nothing says more of; those of every folder in a clone.
pub const FOLDER_MODE: u16 = 0o755;

impl Directory {
    /// A folder with these entries, in any order; the last of each name counts.
    pub fn new(entries: impl IntoIterator<Item = (Box<str>, Node)>) -> Self {
        let entries: BTreeMap<Box<str>, Node> = entries.into_iter().collect();
        Self { entries: entries.into_iter().collect() }
    }

    /// The tree of these paths, relative to its root and without slashes at the ends. Folders need no entry; one that
    /// has an entry takes its mode from it, whatever it is said to hold. The empty path is the root and says nothing.
    pub fn of_paths(paths: impl IntoIterator<Item = (String, Node)>) -> Self {
        let mut root = Growing::default();
        for (path, node) in paths {
            let mut folder = &mut root;
            for name in path.split('/').filter(|name| !name.is_empty()) {
                folder = folder.entries.entry(name.into()).or_default();
            }
            folder.node = Some(node);
        }
        root.finish()
    }

    /// The entries by name, ascending.
    pub fn entries(&self) -> &[(Box<str>, Node)] {
        &self.entries
    }

    /// The entry of a name.
    pub fn entry(&self, name: &str) -> Option<&Node> {
        let index = self.entries.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.entries[index].1)
    }

    /// The node at a path below, without following links.
    pub fn node(&self, path: &str) -> Option<&Node> {
        let (name, below) = path.split_once('/').map_or((path, None), |(name, below)| (name, Some(below)));
        match (self.entry(name)?, below) {
            (node, None) => Some(node),
            (Node::Directory { entries, .. }, Some(below)) => entries.node(below),
            _ => None,
        }
    }

    /// The same tree with the entries of another one that neither it nor `known` has.
    #[must_use]
    pub fn with_missing(&self, other: &Self, known: Option<&Self>) -> Self {
        let mut entries: BTreeMap<Box<str>, Node> = self.entries.iter().cloned().collect();
        for (name, node) in &other.entries {
            let known = known.and_then(|known| known.entry(name));
            let below = |node: Option<&Node>| match node {
                Some(Node::Directory { entries, .. }) => Some(Arc::clone(entries)),
                _ => None,
            };
            match (entries.get(name), node) {
                (Some(Node::Directory { mode, entries: here }), Node::Directory { entries: more, .. }) => {
                    let entries_below = here.with_missing(more, below(known).as_deref());
                    let node = Node::Directory { mode: *mode, entries: Arc::new(entries_below) };
                    entries.insert(name.clone(), node);
                }
                (None, Node::Directory { mode, entries: more }) if known.is_some() => {
                    let entries_below = Self::default().with_missing(more, below(known).as_deref());
                    if !entries_below.entries.is_empty() {
                        let node = Node::Directory { mode: *mode, entries: Arc::new(entries_below) };
                        entries.insert(name.clone(), node);
                    }
                }
                (None, node) if known.is_none() => _ = entries.insert(name.clone(), node.clone()),
                _ => {}
            }
        }
        Self { entries: entries.into_iter().collect() }
    }

    /// The same tree with another node at a path, or without one; folders on the way are created as needed.
    #[must_use]
    pub fn with(&self, path: &str, node: Option<Node>) -> Self {
        let (name, below) = path.split_once('/').map_or((path, None), |(name, below)| (name, Some(below)));
        let mut entries = self.entries.clone();
        let at = entries.binary_search_by(|(known, _)| (**known).cmp(name));
        let node = match below {
            None => node,
            Some(below) => {
                let (mode, folder) = match at.ok().map(|index| &entries[index].1) {
                    Some(Node::Directory { mode, entries }) => (*mode, Arc::clone(entries)),
                    _ => (FOLDER_MODE, Arc::default()),
                };
                Some(Node::Directory { mode, entries: Arc::new(folder.with(below, node)) })
            }
        };
        match (at, node) {
            (Ok(index), Some(node)) => entries[index].1 = node,
            (Ok(index), None) => _ = entries.remove(index),
            (Err(index), Some(node)) => entries.insert(index, (name.into(), node)),
            (Err(_), None) => {}
        }
        Self { entries }
    }
}

/// A tree under construction.
#[derive(Default)]
struct Growing {
    node: Option<Node>,
    entries: BTreeMap<Box<str>, Growing>,
}

impl Growing {
    fn finish(self) -> Directory {
        let entries = self.entries.into_iter().map(|(name, below)| {
            let node = match below.node {
                Some(node) if below.entries.is_empty() => node,
                Some(Node::Directory { mode, .. }) => {
                    let folder = Self { node: None, entries: below.entries };
                    Node::Directory { mode, entries: Arc::new(folder.finish()) }
                }
                _ => {
                    let folder = Self { node: None, entries: below.entries };
                    Node::Directory { mode: FOLDER_MODE, entries: Arc::new(folder.finish()) }
                }
            };
            (name, node)
        });
        Directory { entries: entries.collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ContentId, Directory, FOLDER_MODE, FileNode, Node};

    fn file(text: &str) -> Node {
        Node::File(FileNode::new(ContentId::of_bytes(text.as_bytes()), 0o644))
    }

    #[test]
    fn paths_become_folders() {
        let tree = Directory::of_paths([("b/c".to_owned(), file("1")), ("a".to_owned(), file("2"))]);
        let names: Vec<&str> = tree.entries().iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(tree.node("b/c"), Some(&file("1")));
        assert!(matches!(tree.node("b"), Some(Node::Directory { mode: FOLDER_MODE, .. })));
        assert_eq!(tree.node("a/x"), None);
    }

    #[test]
    fn a_folder_of_its_own_mode_keeps_it() {
        let folder = Node::Directory { mode: 0o700, entries: Arc::default() };
        for paths in [["d", "d/f"], ["d/f", "d"]] {
            let nodes = paths.map(|path| (path.to_owned(), if path == "d" { folder.clone() } else { file("1") }));
            let tree = Directory::of_paths(nodes);
            assert!(matches!(tree.node("d"), Some(Node::Directory { mode: 0o700, .. })));
            assert_eq!(tree.node("d/f"), Some(&file("1")));
        }
    }

    #[test]
    fn only_what_is_missing_is_added() {
        let tree = |paths: &[&str]| Directory::of_paths(paths.iter().map(|path| ((*path).to_owned(), file(path))));
        let whole = tree(&["a", "d/tracked"])
            .with_missing(&tree(&["a", "d/new", "d/built", "e/built"]), Some(&tree(&["d/new"])));
        assert_eq!(whole, tree(&["a", "d/tracked", "d/built", "e/built"]));
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_was() {
        let tree = Directory::of_paths([("a/b".to_owned(), file("1")), ("a/c".to_owned(), file("2"))]);
        let changed = tree.with("a/b", Some(file("3"))).with("d/e", Some(file("4"))).with("a/c", None);
        assert_eq!(changed.node("a/b"), Some(&file("3")));
        assert_eq!(changed.node("d/e"), Some(&file("4")));
        assert_eq!(changed.node("a/c"), None);
        assert_eq!(tree.node("a/c"), Some(&file("2")));
    }
}
