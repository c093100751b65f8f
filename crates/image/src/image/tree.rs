//! The final tree of an image, and what became of every member of its layers.
//!
//! Layers are put one upon the other, the lowest first, as the engine does: whiteouts take away what lower layers have,
//! wherever in the archive they stand; a directory upon a directory keeps its children; every other change of kind drops
//! what was below; symbolic links are never followed.

mod apply_layer;
mod change;
mod member_outcomes;
mod path_history;
mod live_paths;
#[cfg(test)]
mod reference_tree;
mod layer_members;
#[cfg(test)]
mod tests;

pub use self::change::{Count, EntryId, LayerChanges, MemberOddity, MemberOutcome, TreeChange, TreeNotice, WasteKind};
use self::live_paths::{LivePaths, PathSlot};
use self::member_outcomes::MemberOutcomes;
pub use self::path_history::{PathAction, PathTouch, path_history};
use crate::image::{Image, LayerEntry, PathId};

/// The final tree of an image: 24 bytes for each path, four to eight for each member.
#[derive(Debug, Default)]
pub struct ImageTree {
    live: LivePaths,
    outcomes: MemberOutcomes,
    bytes: Vec<u64>,
    changes: Vec<LayerChanges>,
    replaced: Vec<(EntryId, u64)>,
    dangling: Vec<EntryId>,
    notices: Vec<TreeNotice>,
}

impl ImageTree {
    /// How many layers were put together.
    pub const fn layers(&self) -> usize {
        self.changes.len()
    }

    /// What became of a member. Whiteouts are always kept.
    pub fn outcome(&self, entry: EntryId) -> MemberOutcome {
        self.outcomes.outcome(entry)
    }

    /// What a member does to the tree below its layer.
    pub fn change(&self, entry: EntryId) -> TreeChange {
        self.outcomes.change(entry)
    }

    /// What one layer does, in sum.
    pub fn layer(&self, layer: usize) -> LayerChanges {
        self.changes.get(layer).copied().unwrap_or_default()
    }

    /// Members of lower layers whose names, or contents, are gone because of a layer. Looks at all members.
    pub fn lost_by<'a>(&'a self, image: &'a Image, layer: u32) -> impl Iterator<Item = EntryId> {
        let below = image.layers.iter().take(layer as usize).enumerate();
        let all = below.flat_map(|(layer, changes)| {
            (0..changes.entries.len() as u32).map(move |index| EntryId { layer: layer as u32, index })
        });
        all.filter(move |&id| match self.outcome(id) {
            MemberOutcome::Kept => false,
            MemberOutcome::Unlinked { by } | MemberOutcome::Lost { by, .. } => by == layer,
        })
    }

    /// Whether the final tree has a path, be it as a directory that no layer has as a member.
    pub fn contains(&self, path: PathId) -> bool {
        self.live.slot(path) != PathSlot::Absent
    }

    /// The member that is at a path in the final tree; directories that no layer has as a member have none.
    pub fn at(&self, path: PathId) -> Option<EntryId> {
        match self.live.slot(path) {
            PathSlot::Member(id) => Some(id),
            PathSlot::Absent | PathSlot::Implicit => None,
        }
    }

    /// The member that holds what a member is: the file of a hard link, the member itself for the rest.
    pub fn inode(&self, entry: EntryId) -> EntryId {
        self.outcomes.inode(entry)
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
        let first = self.members().filter(|&(path, id)| self.outcomes.is_first(path, id));
        first.map(|(path, id)| (path, self.inode(id)))
    }

    /// Bytes, with the holes of sparse files, of all names that a whiteout of a directory took away.
    pub fn taken_by(&self, whiteout: EntryId) -> Option<u64> {
        let place = self.replaced.binary_search_by_key(&whiteout, |&(id, _)| id).ok()?;
        self.replaced.get(place).map(|&(_, bytes)| bytes)
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
    pub fn entry(&self, id: EntryId) -> &LayerEntry {
        &self.layers[id.layer as usize].entries[id.index as usize]
    }

    /// Bytes that a member pretends to have: of sparse files with their holes.
    ///
    /// # Panics
    /// As [`Self::entry`].
    pub fn apparent(&self, id: EntryId) -> u64 {
        let size = self.layers[id.layer as usize].apparent.get(&id.index).copied();
        size.unwrap_or(self.entry(id).size)
    }
}
