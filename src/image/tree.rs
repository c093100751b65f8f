//! The final tree of an image, and what became of every member of its layers.
//!
//! Layers are put one upon the other, the lowest first, as the engine does: whiteouts take away what lower layers have,
//! wherever in the archive they stand; a directory upon a directory keeps its children; every other change of kind drops
//! what was below; symbolic links are never followed.

use crate::image::{Image, PathId};

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
        /// Files below the link's target.
        hidden: u64,
    },
    /// Something else than a directory at the root.
    RootIsNoDirectory,
}

/// The final tree of an image.
#[derive(Debug, Default)]
pub struct Tree {
    bytes: Vec<u64>,
    changes: Vec<LayerChanges>,
    notices: Vec<TreeNotice>,
}

impl Tree {
    /// The tree that all layers make.
    pub fn new(image: &Image) -> Self {
        Self::of_layers(image, image.layers.len())
    }

    /// The tree that the lowest layers make; the fates are those at that point.
    pub fn of_layers(image: &Image, layers: usize) -> Self {
        let _ = (image, layers);
        Self::default()
    }

    /// How many layers were put together.
    pub fn layers(&self) -> usize {
        self.changes.len()
    }

    /// What became of a member.
    pub fn fate(&self, _entry: EntryId) -> Fate {
        Fate::Kept
    }

    /// What a member does to the tree below its layer.
    pub fn change(&self, _entry: EntryId) -> Change {
        Change::Added
    }

    /// What one layer does, in sum.
    pub fn layer(&self, layer: usize) -> LayerChanges {
        self.changes.get(layer).copied().unwrap_or_default()
    }

    /// Members of lower layers that a layer removed, overwrote or replaced, whose names are gone for that.
    pub fn lost_by(&self, _layer: u32) -> impl Iterator<Item = EntryId> {
        std::iter::empty()
    }

    /// Whether the final tree has a path, be it as a directory that no layer has as a member.
    pub fn contains(&self, _path: PathId) -> bool {
        false
    }

    /// The member that is at a path in the final tree; directories that no layer has as a member have none.
    pub fn at(&self, _path: PathId) -> Option<EntryId> {
        None
    }

    /// The member that holds what a member is: the file of a hard link, the member itself for the rest.
    pub fn inode(&self, entry: EntryId) -> EntryId {
        entry
    }

    /// What is directly below a path in the final tree, in no particular order.
    pub fn children(&self, _path: PathId) -> impl Iterator<Item = PathId> {
        std::iter::empty()
    }

    /// Stored bytes at a path and below it in the final tree; a file with further names counts at the first of them.
    pub fn bytes(&self, path: PathId) -> u64 {
        self.bytes.get(path.index()).copied().unwrap_or_default()
    }

    /// Every path of the final tree that a layer has as a member, the root left out, parents before children.
    pub fn members(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        std::iter::empty()
    }

    /// As [`Self::members`], but hard links once: the first of their names, and the member that holds the contents.
    pub fn inodes(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        std::iter::empty()
    }

    /// What is odd, by layer.
    pub fn notices(&self) -> &[TreeNotice] {
        &self.notices
    }
}
