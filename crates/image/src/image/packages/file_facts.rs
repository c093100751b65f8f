//! What packages are worked out from: facts by path, links to directories, and who owns which file.

use hashbrown::HashMap;

use super::fact::{NameHash, PackageFactKind};
use crate::image::entry::{EntryKind, LayerEntry};
use crate::image::path::PathId;
use crate::image::tree::{EntryId, ImageTree};
use crate::image::{FileFact, Image};

/// Nobody.
pub(super) const NOBODY: u32 = u32::MAX;

/// What a file of some layer tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileFacts<'a> {
    pub(super) path: PathId,
    pub(super) entry: EntryId,
    pub(super) fact: &'a PackageFactKind,
}

/// Where dpkg keeps a file, and the package that keeps the path itself.
pub(super) type Diversions = HashMap<PathId, (PathId, NameHash)>;

/// An image with its facts.
#[derive(Debug)]
pub(super) struct ImageFacts<'a> {
    pub(super) image: &'a Image,
    pub(super) tree: &'a ImageTree,
    /// What all layers tell, by path, the lowest layer first.
    all: Vec<FileFacts<'a>>,
    /// What the final tree tells, by path.
    pub(super) current: Vec<FileFacts<'a>>,
    by_path: HashMap<PathId, u32>,
    /// Links to directories, near the root.
    links: HashMap<PathId, PathId>,
    /// The first inode of each layer.
    bases: Vec<usize>,
    inodes: usize,
}

impl<'a> ImageFacts<'a> {
    /// Of an image and its final tree.
    pub(super) fn new(image: &'a Image, tree: &'a ImageTree) -> Self {
        let mut all = Vec::new();
        let (mut bases, mut inodes) = (Vec::new(), 0);
        for (layer, contents) in (0..).zip(&image.layers) {
            bases.push(inodes);
            inodes += contents.entries.len();
            for (index, fact) in &contents.facts {
                let Some(entry) = contents.entries.get(*index as usize) else { continue };
                #[allow(irrefutable_let_patterns)] // There will be facts of other rooms.
                if let FileFact::Package(fact) = fact {
                    all.push(FileFacts { path: entry.path, entry: EntryId { layer, index: *index }, fact: &fact.0 });
                }
            }
        }
        all.sort_by_key(|file| (file.path, file.entry));
        let mut ground = Self {
            image,
            tree,
            all,
            current: Vec::new(),
            by_path: HashMap::new(),
            links: HashMap::new(),
            bases,
            inodes,
        };
        ground.find_current();
        ground.find_links();
        ground
    }

    fn find_current(&mut self) {
        let facts: HashMap<EntryId, &'a PackageFactKind> =
            self.all.iter().map(|file| (file.entry, file.fact)).collect();
        if facts.is_empty() {
            return;
        }
        for (path, entry) in self.tree.members() {
            let entry = self.tree.inode(entry);
            if let Some(fact) = facts.get(&entry) {
                self.current.push(FileFacts { path, entry, fact });
            }
        }
        self.current.sort_by_key(|file| file.path);
        self.by_path = (0..).zip(&self.current).map(|(index, file)| (file.path, index)).collect();
    }

    /// Links to directories in the root and one directory below it: `/bin`, `/usr/sbin`, `/usr/lib64`.
    fn find_links(&mut self) {
        let paths = &self.image.paths;
        let near = paths.all().skip(1).filter(|&path| paths.parent(paths.parent(path)) == PathId::ROOT);
        let links: Vec<PathId> = near.filter(|&path| self.kind(path) == Some(EntryKind::Symlink)).collect();
        for link in links {
            let Some(target) = self.target(link) else { continue };
            if self.kind(target) == Some(EntryKind::Directory) || self.links.contains_key(&target) {
                let target = self.links.get(&target).copied().unwrap_or(target);
                self.links.insert(link, target);
            }
        }
    }

    /// Where a symbolic link of the final tree leads, links on the way not followed.
    pub(super) fn target(&self, link: PathId) -> Option<PathId> {
        let entry = self.tree.at(link)?;
        let target = self.image.layers.get(entry.layer as usize)?.targets.get(&entry.index)?;
        let from = if target.starts_with(b"/") { PathId::ROOT } else { self.image.paths.parent(link) };
        target.split(|&byte| byte == b'/').try_fold(from, |at, name| match name {
            b"" | b"." => Some(at),
            b".." => Some(self.image.paths.parent(at)),
            _ => self.image.paths.child(at, name),
        })
    }

    /// From a directory to a name in it, through links to directories near the root.
    pub(super) fn step(&self, at: PathId, name: &[u8]) -> Option<PathId> {
        let path = self.image.paths.child(at, name)?;
        Some(self.links.get(&path).copied().unwrap_or(path))
    }

    /// A path by its names, through links to directories near the root.
    pub(super) fn find(&self, path: &[u8]) -> Option<PathId> {
        let mut names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty() && *name != b".");
        names.try_fold(PathId::ROOT, |at, name| self.step(at, name))
    }

    /// What the final tree's file at a path tells.
    pub(super) fn facts_at(&self, path: PathId) -> Option<&'a PackageFactKind> {
        self.by_path.get(&path).map(|&index| self.current[index as usize].fact)
    }

    /// What the final tree's file of this name in a directory tells.
    pub(super) fn told_in(&self, folder: PathId, name: &[u8]) -> Option<&'a PackageFactKind> {
        self.facts_at(self.image.paths.child(folder, name)?)
    }

    /// What the layers up to a file of the final tree tell at its path, the lowest first.
    pub(super) fn history(&self, file: &FileFacts<'_>) -> &[FileFacts<'a>] {
        let start = self.all.partition_point(|other| other.path < file.path);
        let rest = &self.all[start..];
        let end = rest.partition_point(|other| (other.path, other.entry) <= (file.path, file.entry));
        &rest[..end]
    }

    /// The lowest layer since which a file has the contents that it has in the final tree.
    pub(super) fn since(&self, file: &FileFacts<'_>) -> u32 {
        let content = |entry: EntryId| self.entry(entry).map(|entry| (entry.content, entry.size));
        let same = self.history(file).iter().rev().take_while(|other| content(other.entry) == content(file.entry));
        same.last().map_or(file.entry.layer, |other| other.entry.layer)
    }

    /// A member of a layer.
    pub(super) fn entry(&self, entry: EntryId) -> Option<&'a LayerEntry> {
        self.image.layers.get(entry.layer as usize)?.entries.get(entry.index as usize)
    }

    /// What is at a path of the final tree.
    pub(super) fn kind(&self, path: PathId) -> Option<EntryKind> {
        let entry = self.tree.at(path).and_then(|entry| self.entry(entry)).map(|entry| entry.kind);
        entry.or_else(|| self.tree.contains(path).then_some(EntryKind::Directory))
    }

    fn inode(&self, path: PathId) -> Option<usize> {
        let entry = self.tree.inode(self.tree.at(path)?);
        (self.entry(entry)?.kind == EntryKind::File).then(|| self.bases[entry.layer as usize] + entry.index as usize)
    }
}

/// Who owns which file: by inode, so that a file with several names has one owner, the first that claims it.
#[derive(Debug)]
pub(super) struct Owners(Vec<u32>);

impl Owners {
    pub(super) fn new(ground: &ImageFacts<'_>) -> Self {
        Self(vec![NOBODY; ground.inodes])
    }

    /// Claims a file, unless somebody owns it.
    pub(super) fn claim(&mut self, ground: &ImageFacts<'_>, path: PathId, package: u32) {
        if let Some(owner) = ground.inode(path).and_then(|inode| self.0.get_mut(inode))
            && *owner == NOBODY
        {
            *owner = package;
        }
    }

    /// Who owns the file at a path.
    pub(super) fn owner_of(&self, ground: &ImageFacts<'_>, path: PathId) -> Option<u32> {
        let owner = self.0.get(ground.inode(path)?).copied()?;
        (owner != NOBODY).then_some(owner)
    }

    /// Who owns a file.
    pub(super) fn of(&self, ground: &ImageFacts<'_>, entry: EntryId) -> Option<u32> {
        let owner = self.0.get(ground.bases.get(entry.layer as usize)? + entry.index as usize).copied()?;
        (owner != NOBODY).then_some(owner)
    }
}
