//! The final tree of an image, and what became of every member of its layers.
//!
//! Layers are put one upon the other, the lowest first, as the engine does: whiteouts take away what lower layers have,
//! wherever in the archive they stand; a directory upon a directory keeps its children; every other change of kind drops
//! what was below; symbolic links are never followed.

mod build;
mod fates;
mod live;
#[cfg(test)]
mod naive;
mod own;
#[cfg(test)]
mod tests;

use self::fates::Fates;
use self::live::{Live, Slot};
use crate::image::{Entry, Image, PathId};

/// One member of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The layer; the lowest has number 0.
    pub layer: u32,
    /// Its place in [`Layer::entries`](crate::image::Layer::entries).
    pub index: u32,
}

/// How bytes that a layer stores came to be of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WasteKind {
    /// A whiteout took the path away, or the directory that it was in.
    Deleted,
    /// A later layer has other contents, or another kind of member, at the path.
    Overwritten,
    /// A later layer has the same contents at the path: owner, permissions or times were changed, or nothing.
    MetadataOnly,
    /// The same layer has the path again.
    SameLayerDuplicate,
}

impl WasteKind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Deleted, Self::Overwritten, Self::MetadataOnly, Self::SameLayerDuplicate];

    /// As in `totals.waste` of the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Overwritten => "overwritten",
            Self::MetadataOnly => "metadata_only",
            Self::SameLayerDuplicate => "same_layer_duplicate",
        }
    }
}

/// What became of a member of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the final tree.
    Kept,
    /// Its name is gone since layer `by`; its bytes are in the final tree under a further name (hard links).
    Unlinked {
        /// The layer that took the name away.
        by: u32,
    },
    /// It is not in the final tree.
    Lost {
        /// How it was lost.
        how: WasteKind,
        /// The layer that caused it.
        by: u32,
    },
}

/// What a member of a layer does to the tree below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The path is new.
    Added,
    /// The path was there: other contents, kind, owner or permissions, or a file written anew.
    Changed,
    /// A directory that was there already, with the same owner, permissions and extended attributes.
    Same,
    /// It takes away (whiteouts, opaque markers).
    Removes,
}

/// How many members, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Members of all kinds.
    pub entries: u64,
    /// Regular files, further names of them among them.
    pub files: u64,
    /// Stored bytes of contents.
    pub bytes: u64,
}

/// What one layer does to the tree below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerChanges {
    /// Paths that were not there.
    pub added: Count,
    /// Paths that were there; the bytes are those that the layer stores for them.
    pub changed: Count,
    /// Paths that were there and are not any more; the bytes are those that nobody can reach any more.
    pub removed: Count,
}

/// What is odd about a layer's members. The first path of each sort stands for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeNotice {
    /// The layer.
    pub layer: u32,
    /// What is odd.
    pub oddity: Oddity,
    /// How many members it holds for.
    pub count: u64,
    /// The first one's path.
    pub path: PathId,
}

/// What may be odd about a member of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// A whiteout of a path that no lower layer has.
    NothingToRemove,
    /// A hard link to a file that only a lower layer has: engines refuse it.
    LinkToLowerLayer,
    /// A hard link that stands before its file: engines refuse it.
    LinkBeforeFile,
    /// A hard link to nothing, or to a directory.
    LinkToNothing,
    /// A member below a file of the same layer.
    BelowAFile,
    /// A member below a symbolic link of the same layer: engines write it where the link points.
    BelowALink,
    /// A directory where lower layers have a symbolic link to one: what was reached through the link is hidden.
    LinkBecomesDirectory {
        /// Files below the link's target, hard links each by itself.
        hidden: u64,
    },
    /// Something else than a directory at the root.
    RootIsNoDirectory,
}

/// What was odd so far: bounded, for there is one of each sort for each layer.
#[derive(Default)]
struct Notices {
    list: Vec<TreeNotice>,
}

impl Notices {
    fn add(&mut self, layer: u32, oddity: Oddity, path: PathId) {
        let of_layer = self.list.iter_mut().rev().take_while(|notice| notice.layer == layer);
        match of_layer.into_iter().find(|notice| notice.oddity == oddity) {
            Some(notice) => notice.count += 1,
            None => self.list.push(TreeNotice { layer, oddity, count: 1, path }),
        }
    }
}

/// The final tree of an image: 24 bytes for each path, four to eight for each member.
#[derive(Debug, Default)]
pub struct Tree {
    live: Live,
    fates: Fates,
    bytes: Vec<u64>,
    changes: Vec<LayerChanges>,
    taken: Vec<(EntryId, u64)>,
    dangling: Vec<EntryId>,
    notices: Vec<TreeNotice>,
}

impl Tree {
    /// The tree that all layers make.
    pub fn new(image: &Image) -> Self {
        Self::of_layers(image, image.layers.len())
    }

    /// The tree that so many of the lowest layers make; the fates are those at that point.
    pub fn of_layers(image: &Image, layers: usize) -> Self {
        let layers = layers.min(image.layers.len());
        let mut builder = build::Builder::new(image, layers);
        for layer in 0..layers as u32 {
            builder.add(layer);
        }
        builder.finish()
    }

    /// How many layers were put together.
    pub const fn layers(&self) -> usize {
        self.changes.len()
    }

    /// What became of a member. Whiteouts are always kept.
    pub fn fate(&self, entry: EntryId) -> Fate {
        self.fates.fate(entry)
    }

    /// What a member does to the tree below its layer.
    pub fn change(&self, entry: EntryId) -> Change {
        self.fates.change(entry)
    }

    /// What one layer does, in sum.
    pub fn layer(&self, layer: usize) -> LayerChanges {
        self.changes.get(layer).copied().unwrap_or_default()
    }

    /// Members of lower layers whose names, or contents, are gone because of a layer. Looks at all members.
    pub fn lost_by<'a>(&'a self, image: &'a Image, layer: u32) -> impl Iterator<Item = EntryId> {
        let below = image.layers.iter().take(layer as usize).enumerate();
        let all = below.flat_map(|(layer, own)| {
            (0..own.entries.len() as u32).map(move |index| EntryId { layer: layer as u32, index })
        });
        all.filter(move |&id| match self.fate(id) {
            Fate::Kept => false,
            Fate::Unlinked { by } | Fate::Lost { by, .. } => by == layer,
        })
    }

    /// Whether the final tree has a path, be it as a directory that no layer has as a member.
    pub fn contains(&self, path: PathId) -> bool {
        self.live.slot(path) != Slot::Absent
    }

    /// The member that is at a path in the final tree; directories that no layer has as a member have none.
    pub fn at(&self, path: PathId) -> Option<EntryId> {
        match self.live.slot(path) {
            Slot::Member(id) => Some(id),
            Slot::Absent | Slot::Implicit => None,
        }
    }

    /// The member that holds what a member is: the file of a hard link, the member itself for the rest.
    pub fn inode(&self, entry: EntryId) -> EntryId {
        self.fates.inode(entry)
    }

    /// What is directly below a path in the final tree, in the order of the paths' numbers.
    pub fn children(&self, path: PathId) -> impl Iterator<Item = PathId> {
        self.live.children(path)
    }

    /// Stored bytes at a path and below it in the final tree; a file with further names counts at the first of them.
    pub fn bytes(&self, path: PathId) -> u64 {
        self.bytes.get(path.index()).copied().unwrap_or_default()
    }

    /// Every path of the final tree that a layer has as a member, the root left out, parents before children.
    pub fn members(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        (1..self.bytes.len() as u32).map(PathId).filter_map(|path| self.at(path).map(|id| (path, id)))
    }

    /// As [`Self::members`], but hard links once: the first of their names, and the member that holds the contents.
    pub fn inodes(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        let first = self.members().filter(|&(path, id)| self.fates.is_first(path, id));
        first.map(|(path, id)| (path, self.inode(id)))
    }

    /// Bytes, with the holes of sparse files, of all names that a whiteout of a directory took away.
    pub fn taken_by(&self, whiteout: EntryId) -> Option<u64> {
        let place = self.taken.binary_search_by_key(&whiteout, |&(id, _)| id).ok()?;
        self.taken.get(place).map(|&(_, bytes)| bytes)
    }

    /// Whether a whiteout is of a path that no lower layer has.
    pub fn is_dangling(&self, whiteout: EntryId) -> bool {
        self.dangling.binary_search(&whiteout).is_ok()
    }

    /// What is odd, by layer.
    pub fn notices(&self) -> &[TreeNotice] {
        &self.notices
    }
}

impl Image {
    /// A member.
    ///
    /// # Panics
    /// When the image has no such member: the number is of another image.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.layers[id.layer as usize].entries[id.index as usize]
    }

    /// Bytes that a member pretends to have: of sparse files with their holes.
    ///
    /// # Panics
    /// As [`Self::entry`].
    pub fn apparent(&self, id: EntryId) -> u64 {
        let said = self.layers[id.layer as usize].apparent.get(&id.index).copied();
        said.unwrap_or(self.entry(id).size)
    }
}

impl TreeNotice {
    /// In words, without the layer.
    pub fn sentence(&self, image: &Image) -> String {
        let path = image.paths.text(self.path);
        let (what, all) = match self.oddity {
            Oddity::NothingToRemove => ("removes what no lower layer has".to_owned(), true),
            Oddity::LinkToLowerLayer => {
                ("has a hard link to a file of a lower layer; engines refuse it".to_owned(), true)
            }
            Oddity::LinkBeforeFile => ("has a hard link before its file; engines refuse it".to_owned(), true),
            Oddity::LinkToNothing => ("has a hard link to no file; engines refuse it".to_owned(), true),
            Oddity::BelowAFile => ("has a member below a file; the file is left out".to_owned(), true),
            Oddity::BelowALink => {
                ("has a member below a symbolic link; engines write it where the link points".to_owned(), true)
            }
            Oddity::LinkBecomesDirectory { hidden } => {
                (format!("has a directory instead of a symbolic link to one; that hides {hidden} files"), false)
            }
            Oddity::RootIsNoDirectory => ("has a root that is no directory; it is left out".to_owned(), false),
        };
        let more = if all && self.count > 1 { format!(" and {} more", self.count - 1) } else { String::new() };
        format!("{what}: `{path}`{more}")
    }
}
