//! A second tree, slow and plain, that random images are compared with.

use std::collections::{BTreeMap, BTreeSet};

use super::{ImageTree, MemberOutcome, WasteKind};
use crate::image::{EntryId, EntryKind, Image, Layer, LayerEntry, Mode, PathId, Totals};
use crate::text::path;
use dockopt_testing::Random;

/// The paths that are there with their members, and how names and contents went.
#[derive(Default)]
struct ReferenceTree {
    names: BTreeMap<String, EntryId>,
    holders: BTreeMap<EntryId, EntryId>,
    coming: Vec<EntryId>,
    name_gone: BTreeMap<EntryId, (WasteKind, u32)>,
    contents_gone: BTreeMap<EntryId, (WasteKind, u32)>,
}

impl ReferenceTree {
    fn holder(&self, id: EntryId) -> EntryId {
        self.holders.get(&id).copied().unwrap_or(id)
    }

    fn lose(&mut self, names: Vec<String>, how: WasteKind, by: u32) {
        for name in names {
            let id = self.names.remove(&name).unwrap();
            self.name_gone.insert(id, (how, by));
            let holder = self.holder(id);
            if !self.names.values().chain(&self.coming).any(|&other| self.holder(other) == holder) {
                self.contents_gone.insert(holder, (how, by));
            }
        }
    }

    fn file(&self, image: &Image, id: Option<EntryId>) -> Option<EntryId> {
        id.map(|id| self.holder(id))
            .filter(|&id| !matches!(image.entry(id).kind, EntryKind::Directory | EntryKind::Hardlink))
    }

    /// The members of one layer that survive it, in the archive's order.
    fn surviving_members(&mut self, image: &Image, layer: u32) -> Vec<(String, EntryId)> {
        let mut members: Vec<(String, EntryId)> = Vec::new();
        let (mut waiting, mut gone) = (Vec::new(), Vec::new());
        for (index, entry) in image.layers[layer as usize].entries.iter().enumerate() {
            let id = EntryId { layer, index: index as u32 };
            let path = image.paths.text(entry.path);
            if entry.kind.removes() {
                continue;
            }
            if entry.kind == EntryKind::Hardlink {
                let target = image.paths.text(entry.link);
                if target == path {
                    gone.push(id);
                    continue;
                }
                let known = members.iter().find(|(other, _)| *other == target).map(|&(_, id)| id);
                match self.file(image, known) {
                    Some(file) => drop(self.holders.insert(id, file)),
                    None => waiting.push((id, target)),
                }
            }
            let directory = entry.kind == EntryKind::Directory;
            members.retain(|(other, old)| {
                let parent = path::is_below(&path, other) && image.entry(*old).kind != EntryKind::Directory;
                let goes = *other == path || path::is_below(other, &path) && !directory || parent;
                gone.extend(goes.then_some(*old));
                !goes
            });
            members.push((path, id));
        }
        for _ in 0..=waiting.len() {
            for (id, target) in &waiting {
                let here = members.iter().find(|(other, _)| other == target).map(|&(_, id)| id);
                let implied = members.iter().any(|(other, _)| path::is_below(other, target));
                let lower = if implied { None } else { self.names.get(target).copied() };
                if let Some(file) = self.file(image, here.or(lower))
                    && !self.holders.contains_key(id)
                {
                    self.holders.insert(*id, file);
                }
            }
        }
        for id in gone {
            self.name_gone.insert(id, (WasteKind::SameLayerDuplicate, layer));
            if self.holder(id) == id && !members.iter().any(|&(_, other)| self.holder(other) == id) {
                self.contents_gone.insert(id, (WasteKind::SameLayerDuplicate, layer));
            }
        }
        members
    }

    fn add(&mut self, image: &Image, layer: u32) {
        let members = self.surviving_members(image, layer);
        self.coming = members.iter().map(|&(_, id)| id).collect();
        for entry in image.layers[layer as usize].entries.iter().filter(|entry| entry.kind.removes()) {
            let path = image.paths.text(entry.path);
            let goes =
                |name: &String| path::is_below(name, &path) || entry.kind == EntryKind::Whiteout && *name == path;
            let names = self.names.keys().filter(|name| goes(name)).cloned().collect();
            self.lose(names, WasteKind::Deleted, layer);
        }
        for (path, id) in members {
            let entry = image.entry(id);
            let directory = entry.kind == EntryKind::Directory;
            let goes = |(name, old): &(&String, &EntryId)| {
                path::is_below(&path, name) && image.entry(**old).kind != EntryKind::Directory
                    || path::is_below(name, &path) && !directory
            };
            let names = self.names.iter().filter(goes).map(|(name, _)| name.clone()).collect();
            self.lose(names, WasteKind::Overwritten, layer);
            if let Some(&old) = self.names.get(&path) {
                let file_of = |id| {
                    let LayerEntry { kind, size, content, .. } = *image.entry(self.holder(id));
                    (kind, size, content)
                };
                let same = file_of(old) == file_of(id);
                let how = if same { WasteKind::MetadataOnly } else { WasteKind::Overwritten };
                self.lose(vec![path.clone()], how, layer);
            }
            self.names.insert(path, id);
        }
    }

    fn outcome(&self, id: EntryId) -> MemberOutcome {
        let Some(&name) = self.name_gone.get(&id) else { return MemberOutcome::Kept };
        let contents = self.contents_gone.get(&id).copied();
        match contents.or((self.holder(id) != id).then_some(name)) {
            Some((how, by)) => MemberOutcome::Lost { how, by },
            None => MemberOutcome::Unlinked { by: name.1 },
        }
    }
}

fn path(random: &mut Random) -> String {
    let parts = 1 + random.below(3);
    let names: Vec<&str> = (0..parts).map(|_| ["a", "b", "c"][random.below(3)]).collect();
    names.join("/")
}

/// A small image in which everything happens; nothing is below a symbolic link of its own layer.
fn image(random: &mut Random) -> Image {
    let mut image = Image::default();
    for _ in 0..=random.below(5) {
        let mut layer = Layer::default();
        let mut links: Vec<String> = Vec::new();
        for _ in 0..random.below(9) {
            let (path, other) = (path(random), path(random));
            let kind = match random.below(16) {
                0..=5 => EntryKind::File,
                6..=8 => EntryKind::Directory,
                9..=10 => EntryKind::Hardlink,
                11 => EntryKind::Symlink,
                12 => EntryKind::Fifo,
                13..=14 => EntryKind::Whiteout,
                _ => EntryKind::Opaque,
            };
            if !kind.removes() && links.iter().any(|link| path::is_below(&path, link)) {
                continue;
            }
            if kind == EntryKind::Symlink {
                links.push(path.clone());
            }
            let word = random.below(3) as u64;
            let here = image.paths.intern(path.as_bytes()).unwrap();
            let path = image.paths.intern(other.as_bytes()).unwrap();
            layer.entries.push(LayerEntry {
                path: here,
                kind,
                mode: Mode(0o644 + random.below(2) as u16),
                uid: 0,
                gid: 0,
                mtime: 0,
                size: if kind == EntryKind::File { word * 100 } else { 0 },
                compressed: 0,
                content: if matches!(kind, EntryKind::File | EntryKind::Symlink) { u128::from(word) } else { 0 },
                link: if kind == EntryKind::Hardlink { path } else { here },
            });
        }
        image.layers.push(layer);
    }
    image
}

/// Some small images, the same ones each time.
pub(super) fn random_images(count: usize) -> impl Iterator<Item = Image> {
    let mut random = Random::new(0x1234_5678_9abc_def1);
    (0..count).map(move |_| image(&mut random))
}

fn compare(image: &Image, round: u64) {
    let tree = ImageTree::new(image);
    let mut naive = ReferenceTree::default();
    for layer in 0..image.layers.len() as u32 {
        naive.add(image, layer);
        let before = ImageTree::of_layers(image, layer as usize).members().count() as u64;
        let after = ImageTree::of_layers(image, layer as usize + 1).members().count() as u64;
        let changes = tree.layer(layer as usize);
        let added = before + changes.added.entries - changes.removed.entries;
        assert_eq!(added, after, "members after layer {layer} of image {round}: {image:?}");
    }
    let names: BTreeMap<String, EntryId> = tree.members().map(|(path, id)| (image.paths.text(path), id)).collect();
    assert_eq!(names, naive.names, "image {round}: {image:?}");
    for (number, layer) in image.layers.iter().enumerate() {
        for (index, entry) in layer.entries.iter().enumerate().filter(|(_, entry)| !entry.kind.removes()) {
            let id = EntryId { layer: number as u32, index: index as u32 };
            let path = image.paths.text(entry.path);
            assert_eq!(tree.outcome(id), naive.outcome(id), "`{path}`, {id:?} of image {round}: {image:?}");
            assert_eq!(tree.inode(id), naive.holder(id), "`{path}`, {id:?} of image {round}: {image:?}");
        }
    }
    let holders: BTreeSet<EntryId> = naive.names.values().map(|&id| naive.holder(id)).collect();
    assert_eq!(tree.inodes().count(), holders.len(), "image {round}: {image:?}");
    let merged: u64 = holders.iter().map(|&id| image.entry(id).size).sum();
    let totals = Totals::new(image, &tree);
    assert_eq!(totals.merged_bytes, merged, "image {round}: {image:?}");
    assert_eq!(tree.bytes(PathId::ROOT), merged, "image {round}: {image:?}");
    assert_eq!(totals.stored_file_bytes, merged + totals.waste.sum(), "image {round}: {image:?}");
}

#[test]
fn random_images_are_as_the_plain_model_says() {
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    for round in 0..5000 {
        compare(&image(&mut random), round);
    }
}
