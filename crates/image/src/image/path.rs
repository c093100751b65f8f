//! Paths, each stored once: a name and the path that it is below. Names are bytes, as tar has them.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A path of an image's [`Paths`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u32);

impl PathId {
    /// The root directory.
    pub const ROOT: Self = Self(0);

    /// As an index of a list with one element for each path.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct PathNode {
    parent: PathId,
    start: u32,
    length: u32,
}

/// The paths of an image. A parent's number is always smaller than its children's.
#[derive(Debug)]
pub struct Paths {
    nodes: Vec<PathNode>,
    names: Vec<u8>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// There is no room for one more name: all of them would be longer than 4 GiB, or more than four billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathsFull;

impl Default for Paths {
    fn default() -> Self {
        Self {
            nodes: vec![PathNode { parent: PathId::ROOT, start: 0, length: 0 }],
            names: Vec::new(),
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Paths {
    /// How many there are, the root among them.
    #[allow(clippy::len_without_is_empty)] // The root is always there.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All of them, parents before children.
    pub fn all(&self) -> impl Iterator<Item = PathId> + use<> {
        (0..self.nodes.len() as u32).map(PathId)
    }

    /// What a path is below; the root is below itself.
    pub fn parent(&self, path: PathId) -> PathId {
        self.nodes[path.index()].parent
    }

    /// The last part of a path; empty for the root.
    pub fn name(&self, path: PathId) -> &[u8] {
        let node = self.nodes[path.index()];
        &self.names[node.start as usize..(node.start + node.length) as usize]
    }

    /// The path of a name below another one, made if it is new.
    ///
    /// # Errors
    /// When there is no room for one more.
    pub fn below(&mut self, parent: PathId, name: &[u8]) -> Result<PathId, PathsFull> {
        let hash = self.hasher.hash_one((parent.0, name));
        let same = |&other: &u32| self.parent(PathId(other)) == parent && self.name(PathId(other)) == name;
        if let Some(&id) = self.table.find(hash, same) {
            return Ok(PathId(id));
        }
        let start = u32::try_from(self.names.len()).map_err(|_| PathsFull)?;
        let length = u32::try_from(name.len()).map_err(|_| PathsFull)?;
        start.checked_add(length).ok_or(PathsFull)?;
        let number = u32::try_from(self.nodes.len()).map_err(|_| PathsFull)?;
        self.names.extend_from_slice(name);
        self.nodes.push(PathNode { parent, start, length });
        let Self { nodes, names, table, hasher } = self;
        table.insert_unique(hash, number, |&other| {
            let node = nodes[other as usize];
            hasher.hash_one((node.parent.0, &names[node.start as usize..(node.start + node.length) as usize]))
        });
        Ok(PathId(number))
    }

    /// The path of a name below another one, if it is known.
    pub fn child(&self, parent: PathId, name: &[u8]) -> Option<PathId> {
        let hash = self.hasher.hash_one((parent.0, name));
        let same = |&other: &u32| self.parent(PathId(other)) == parent && self.name(PathId(other)) == name;
        self.table.find(hash, same).map(|&id| PathId(id))
    }

    /// A path by its names with slashes, without one at its start; `.` parts and empty ones are left out.
    ///
    /// # Errors
    /// When there is no room for one more.
    pub fn intern(&mut self, path: &[u8]) -> Result<PathId, PathsFull> {
        let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
        parts.into_iter().try_fold(PathId::ROOT, |parent, name| self.below(parent, name))
    }

    /// A known path by its names with slashes.
    pub fn find(&self, path: &[u8]) -> Option<PathId> {
        let mut parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
        parts.try_fold(PathId::ROOT, |parent, name| self.child(parent, name))
    }

    /// Takes in all paths of another table; the answer gives for each of its paths the one here.
    ///
    /// # Errors
    /// When there is no room for one more.
    pub fn merge(&mut self, other: &Self) -> Result<Vec<PathId>, PathsFull> {
        let mut here = Vec::with_capacity(other.len());
        here.push(PathId::ROOT);
        for path in other.all().skip(1) {
            let parent = here[other.parent(path).index()];
            here.push(self.below(parent, other.name(path))?);
        }
        Ok(here)
    }

    /// The whole path with slashes, without one at its start; the root is empty.
    pub fn bytes(&self, path: PathId) -> Vec<u8> {
        let mut text = Vec::new();
        self.write(path, &mut text);
        text
    }

    /// Writes the whole path over what a buffer holds, for loops that look at every path.
    pub fn write(&self, path: PathId, buffer: &mut Vec<u8>) {
        buffer.clear();
        let mut chain = Vec::with_capacity(16);
        let mut at = path;
        while at != PathId::ROOT {
            chain.push(at);
            at = self.parent(at);
        }
        for (index, part) in chain.into_iter().rev().enumerate() {
            if index > 0 {
                buffer.push(b'/');
            }
            buffer.extend_from_slice(self.name(part));
        }
    }

    /// The whole path for people: bytes that are no UTF-8 as U+FFFD. Sinks neutralise control characters themselves.
    pub fn text(&self, path: PathId) -> String {
        String::from_utf8_lossy(&self.bytes(path)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_stored_once() {
        let mut paths = Paths::default();
        let long = paths.intern(b"./usr//lib/x").unwrap();
        assert_eq!(paths.intern(b"usr/lib/x/"), Ok(long));
        assert_eq!(paths.len(), 4);
        assert_eq!(paths.bytes(long), b"usr/lib/x");
        assert_eq!(paths.name(long), b"x");
        assert_eq!(paths.find(b"usr/lib").map(|path| paths.text(path)), Some("usr/lib".to_owned()));
        assert_eq!(paths.find(b"usr/bin"), None);
        assert_eq!(paths.text(PathId::ROOT), "");
    }

    #[test]
    fn tables_are_joined() {
        let (mut first, mut second) = (Paths::default(), Paths::default());
        first.intern(b"a/b").unwrap();
        let path = second.intern(b"\xff/a/b").unwrap();
        let map = first.merge(&second).unwrap();
        assert_eq!(first.bytes(map[path.index()]), b"\xff/a/b");
        assert_eq!(first.len(), 6);
    }
}
