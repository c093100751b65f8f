//! Stores what became of every member, which `apply_layer` decides, and which members are names of the same file.

use crate::image::{EntryId, Image, MemberOutcome, PathId, TreeChange, WasteKind};

/// No group of hard links.
const ALONE: u32 = u32::MAX;
/// Its file is being looked for, or was not found.
const SOUGHT: u32 = u32::MAX - 1;

/// A mark: three bits of fate, two of change, 27 for the layer that caused it.
const FATE: u32 = 0b111;
const CHANGE: u32 = 0b11 << 3;
const BY: u32 = 5;

/// Names of one file.
#[derive(Clone, Copy, Debug)]
struct Group {
    holder: EntryId,
    live: u32,
    name: PathId,
}

/// One mark of four bytes for each member; four more where an image has hard links.
#[derive(Debug, Default)]
pub(super) struct MemberOutcomes {
    starts: Vec<usize>,
    marks: Vec<u32>,
    group_of: Vec<u32>,
    groups: Vec<Group>,
}

impl MemberOutcomes {
    /// All members kept, none of them a further name.
    pub(super) fn new(image: &Image, layers: usize) -> Self {
        let mut starts = Vec::with_capacity(layers);
        let mut members = 0;
        for layer in image.layers.iter().take(layers) {
            starts.push(members);
            members += layer.entries.len();
        }
        Self { starts, marks: vec![0; members], group_of: Vec::new(), groups: Vec::new() }
    }

    fn place(&self, id: EntryId) -> usize {
        self.starts.get(id.layer as usize).map_or(usize::MAX, |start| start + id.index as usize)
    }

    /// What became of a member.
    pub(super) fn outcome(&self, id: EntryId) -> MemberOutcome {
        let mark = self.marks.get(self.place(id)).copied().unwrap_or_default();
        let by = mark >> BY;
        match mark & FATE {
            0 => MemberOutcome::Kept,
            1 => MemberOutcome::Unlinked { by },
            code => MemberOutcome::Lost { how: WasteKind::ALL[(code as usize - 2).min(3)], by },
        }
    }

    fn set(&mut self, id: EntryId, fate: MemberOutcome) {
        let code = match fate {
            MemberOutcome::Kept => 0,
            MemberOutcome::Unlinked { by } => 1 | by << BY,
            MemberOutcome::Lost { how, by } => (how as u32 + 2) | by << BY,
        };
        let place = self.place(id);
        self.marks[place] = self.marks[place] & CHANGE | code;
    }

    /// What a member does to the tree below its layer.
    pub(super) fn change(&self, id: EntryId) -> TreeChange {
        match (self.marks.get(self.place(id)).copied().unwrap_or_default() & CHANGE) >> 3 {
            0 => TreeChange::Added,
            1 => TreeChange::Changed,
            2 => TreeChange::Same,
            _ => TreeChange::Removes,
        }
    }

    /// Writes down what a member does.
    pub(super) fn set_change(&mut self, id: EntryId, change: TreeChange) {
        let place = self.place(id);
        self.marks[place] = self.marks[place] & !CHANGE | (change as u32) << 3;
    }

    fn group(&self, id: EntryId) -> Option<usize> {
        let group = self.group_of.get(self.place(id)).copied().unwrap_or(ALONE);
        (group < SOUGHT).then_some(group as usize)
    }

    /// Whether other names of a member's file were found.
    pub(super) fn is_linked(&self, id: EntryId) -> bool {
        self.group(id).is_some()
    }

    /// Whether the file of a hard link is being looked for, or was not found.
    pub(super) fn is_sought(&self, id: EntryId) -> bool {
        self.group_of.get(self.place(id)) == Some(&SOUGHT)
    }

    /// Writes down that the file of a hard link is being looked for.
    pub(super) fn seek(&mut self, id: EntryId) {
        if self.group_of.is_empty() {
            self.group_of = vec![ALONE; self.marks.len()];
        }
        let place = self.place(id);
        self.group_of[place] = SOUGHT;
    }

    /// Makes a hard link a further name of a member, which holds the contents or is a further name itself. `live` is how
    /// many names the file has that are counted already, where this is its first link.
    pub(super) fn join(&mut self, link: EntryId, member: EntryId, live: u32) {
        self.seek(link);
        let group = self.group(member).unwrap_or_else(|| {
            self.groups.push(Group { holder: member, live, name: PathId::ROOT });
            self.groups.len() - 1
        });
        for id in [member, link] {
            let place = self.place(id);
            self.group_of[place] = group as u32;
        }
    }

    /// The member that holds what a member is.
    pub(super) fn inode(&self, id: EntryId) -> EntryId {
        self.group(id).map_or(id, |group| self.groups[group].holder)
    }

    /// Writes down which members of a layer are lost within it, and counts the names of its files.
    pub(super) fn supersede(&mut self, layer: u32, members: usize, superseded: &[EntryId]) {
        let lost = MemberOutcome::Lost { how: WasteKind::SameLayerDuplicate, by: layer };
        for &id in superseded {
            self.set(id, lost);
        }
        if self.groups.is_empty() {
            return;
        }
        for id in (0..members as u32).map(|index| EntryId { layer, index }) {
            if let (Some(group), MemberOutcome::Kept) = (self.group(id), self.outcome(id)) {
                self.groups[group].live += 1;
            }
        }
        for &id in superseded {
            if self.group(id).is_some_and(|group| self.groups[group].holder == id && self.groups[group].live > 0) {
                self.set(id, MemberOutcome::Unlinked { by: layer });
            }
        }
    }

    /// Writes down that a name is gone; the answer is the member whose contents went with it.
    pub(super) fn lose(&mut self, id: EntryId, how: WasteKind, by: u32) -> Option<EntryId> {
        let lost = MemberOutcome::Lost { how, by };
        let Some(group) = self.group(id) else {
            self.set(id, lost);
            return Some(id);
        };
        let group = &mut self.groups[group];
        group.live = group.live.saturating_sub(1);
        let Group { holder, live, .. } = *group;
        self.set(id, if id == holder && live > 0 { MemberOutcome::Unlinked { by } } else { lost });
        if live > 0 {
            return None;
        }
        self.set(holder, lost);
        Some(holder)
    }

    /// Writes down the name that stands for a file: the first that is met.
    pub(super) fn name(&mut self, path: PathId, id: EntryId) {
        if let Some(group) = self.group(id).map(|group| &mut self.groups[group])
            && group.name == PathId::ROOT
        {
            group.name = path;
        }
    }

    /// Whether a path stands for the file that is there.
    pub(super) fn is_first(&self, path: PathId, id: EntryId) -> bool {
        self.group(id).is_none_or(|group| self.groups[group].name == path)
    }
}
