//! What layers do to the tree below them: members and what became of them, counts, oddities.

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
pub enum MemberOutcome {
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
pub enum TreeChange {
    /// The path is new.
    Added,
    /// The path was there: other contents, kind, owner or permissions, or the same content written again.
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
    pub oddity: MemberOddity,
    /// How many members it holds for.
    pub count: u64,
    /// The first one's path.
    pub path: PathId,
}

impl TreeNotice {
    /// In words, without the layer.
    pub fn sentence(&self, image: &Image) -> String {
        let path = image.paths.text(self.path);
        let (what, all) = match self.oddity {
            MemberOddity::NothingToRemove => ("deletes a path that is not in an earlier layer".to_owned(), true),
            MemberOddity::LinkToLowerLayer => {
                ("has a hard link to a file of an earlier layer; engines reject it".to_owned(), true)
            }
            MemberOddity::LinkBeforeFile => ("has a hard link before its file; engines reject it".to_owned(), true),
            MemberOddity::LinkToNothing => ("has a hard link to a missing file; engines reject it".to_owned(), true),
            MemberOddity::BelowAFile => ("has a member under a file; ignoring the file".to_owned(), true),
            MemberOddity::BelowALink => {
                ("has a member under a symbolic link; engines write it to the link's target".to_owned(), true)
            }
            MemberOddity::LinkBecomesDirectory { hidden } => {
                (format!("replaces a symbolic link to a directory by a directory; that hides {hidden} files"), false)
            }
            MemberOddity::RootIsNoDirectory => ("has a root that is not a directory; ignoring it".to_owned(), false),
        };
        let more = if all && self.count > 1 { format!(" and {} more", self.count - 1) } else { String::new() };
        format!("{what}: `{path}`{more}")
    }
}

/// What may be odd about a member of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberOddity {
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
pub(super) struct Notices {
    pub(super) list: Vec<TreeNotice>,
}

impl Notices {
    /// Notes one more.
    pub(super) fn add(&mut self, layer: u32, oddity: MemberOddity, path: PathId) {
        let of_layer = self.list.iter_mut().rev().take_while(|notice| notice.layer == layer);
        match of_layer.into_iter().find(|notice| notice.oddity == oddity) {
            Some(notice) => notice.count += 1,
            None => self.list.push(TreeNotice { layer, oddity, count: 1, path }),
        }
    }
}
