//! Which layers touch a path, or what is below it. The layers are applied again, one after the other.

use super::apply_layer::{TreeBuilder, same_contents};
use super::change::{Count, EntryId, LayerChanges, TreeChange};
use super::live_paths::PathSlot;
use crate::image::{EntryKind, Image, PathId};

/// What a layer does to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathAction {
    /// The path is new.
    Added,
    /// The path was there, with other contents or of another kind.
    Changed,
    /// The path was there with the same contents: owner, permissions or times changed, or nothing.
    MetadataChanged,
    /// The path was there and is not any more.
    Deleted,
}

/// What one layer does to a path and to what is below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathTouch {
    /// The layer; the lowest has number 0.
    pub layer: u32,
    /// What it does to the path itself; `None` where it changes only what is below.
    pub action: Option<PathAction>,
    /// Bytes that the layer stores for the path itself.
    pub bytes: u64,
    /// What it does to paths below.
    pub below: LayerChanges,
}

/// The layers that touch a path or what is below it, the lowest first. Looks at all members of all layers.
pub fn path_history(image: &Image, path: PathId) -> Vec<PathTouch> {
    let mut is_below = vec![false; image.paths.len()];
    for other in image.paths.all().skip(1) {
        let parent = image.paths.parent(other);
        is_below[other.index()] = other != path && (parent == path || is_below[parent.index()]);
    }
    let mut builder = TreeBuilder::new(image, image.layers.len());
    let mut touches = Vec::new();
    for layer in 0..image.layers.len() as u32 {
        let before = builder.live.slot(path);
        builder.add(layer);
        let action = action(image, &builder, before, (path, layer));
        let below = changes_below(image, &builder, &is_below, layer);
        if action.is_some() || below != LayerChanges::default() {
            let bytes = match builder.live.slot(path) {
                PathSlot::Member(id) if id.layer == layer => image.entry(id).size,
                _ => 0,
            };
            touches.push(PathTouch { layer, action, bytes, below });
        }
    }
    touches
}

fn action(
    image: &Image,
    builder: &TreeBuilder<'_>,
    before: PathSlot,
    (path, layer): (PathId, u32),
) -> Option<PathAction> {
    if path == PathId::ROOT {
        return None;
    }
    match (before, builder.live.slot(path)) {
        (PathSlot::Absent, PathSlot::Absent) => None,
        (PathSlot::Absent, _) => Some(PathAction::Added),
        (_, PathSlot::Absent) => Some(PathAction::Deleted),
        (PathSlot::Member(_), PathSlot::Implicit) => Some(PathAction::Changed),
        (before, PathSlot::Member(id)) if id.layer == layer => match (before, builder.outcomes.change(id)) {
            (_, TreeChange::Same) => None,
            (PathSlot::Member(old), _) if keeps_contents(image, builder, old, id) => Some(PathAction::MetadataChanged),
            // The folder was there without an entry.
            (PathSlot::Implicit, _) if image.entry(id).kind == EntryKind::Directory => {
                Some(PathAction::MetadataChanged)
            }
            _ => Some(PathAction::Changed),
        },
        (_, PathSlot::Implicit | PathSlot::Member(_)) => None,
    }
}

fn keeps_contents(image: &Image, builder: &TreeBuilder<'_>, old: EntryId, new: EntryId) -> bool {
    same_contents(image, &builder.outcomes, old, new)
}

/// What the layer that was added last does to paths below.
fn changes_below(image: &Image, builder: &TreeBuilder<'_>, is_below: &[bool], layer: u32) -> LayerChanges {
    let mut changes = LayerChanges::default();
    let put_by_layer = |path| matches!(builder.live.slot(path), PathSlot::Member(id) if id.layer == layer);
    for &(_, old, bytes) in builder.gone.iter().filter(|(path, ..)| is_below[path.index()] && !put_by_layer(*path)) {
        changes.removed.add(image.entry(old).kind, bytes);
    }
    for (index, entry) in image.layers[layer as usize].entries.iter().enumerate() {
        let id = EntryId { layer, index: index as u32 };
        if !is_below[entry.path.index()] || builder.live.slot(entry.path) != PathSlot::Member(id) {
            continue;
        }
        let count: &mut Count = match builder.outcomes.change(id) {
            TreeChange::Added => &mut changes.added,
            TreeChange::Changed => &mut changes.changed,
            TreeChange::Same | TreeChange::Removes => continue,
        };
        count.add(entry.kind, entry.size);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageTree;
    use crate::image::test_layers::sketch;

    const IMAGE: &str = "40755 0:0 0 d/\n100644 0:0 9 d/a = x\n100644 0:0 5 d/b\n100644 0:0 4 d/c => d/b\n\n\
        100600 0:0 9 d/a = x\n\n100600 0:0 7 d/a = y\n0 0:0 0 d/.wh.b\n\n0 0:0 0 .wh.d\n\n\
        100644 0:0 3 d/a\n\n100644 0:0 2 e\n\n100644 0:0 1 d\n\n40755 0:0 0 d/";

    #[track_caller]
    fn check(path: &str, expected: &[&str]) {
        let image = sketch(IMAGE);
        let path = image.paths.all().find(|&id| image.paths.text(id) == path).unwrap();
        let count = |name: &str, count: Count| {
            if count.entries > 0 { format!(" {name} {} {}", count.entries, count.bytes) } else { String::new() }
        };
        let rows: Vec<String> = path_history(&image, path)
            .into_iter()
            .map(|PathTouch { layer, action, bytes, below }| {
                let action = action.map_or("-".to_owned(), |action| format!("{action:?}"));
                let below = [("+", below.added), ("~", below.changed), ("-", below.removed)];
                let below: String = below.into_iter().map(|(name, below)| count(name, below)).collect();
                format!("{layer} {action} {bytes}{below}")
            })
            .collect();
        assert_eq!(rows, expected, "{}", image.paths.text(path));
    }

    #[test]
    fn each_touch_of_a_path_is_listed() {
        check("d/a", &["0 Added 9", "1 MetadataChanged 9", "2 Changed 7", "3 Deleted 0", "4 Added 3", "6 Deleted 0"]);
        // A name goes when it is deleted, and not when the last name of its file is.
        check("d/b", &["0 Added 5", "2 Deleted 0"]);
        check("d/c", &["0 Added 0", "3 Deleted 0"]);
        check("e", &["5 Added 2"]);
        check(
            "d",
            &[
                "0 Added 0 + 3 14",
                "1 - 0 ~ 1 9",
                "2 - 0 ~ 1 7 - 1 0",
                "3 Deleted 0 - 2 12",
                "4 Added 0 + 1 3",
                "6 Changed 1 - 1 3",
                "7 Changed 0",
            ],
        );
    }

    #[test]
    fn a_path_is_there_as_its_history_says() {
        for image in crate::image::tree::reference_tree::random_images(300) {
            let trees: Vec<ImageTree> =
                (0..=image.layers.len()).map(|layers| ImageTree::of_layers(&image, layers)).collect();
            for path in image.paths.all().skip(1) {
                let touches = path_history(&image, path);
                let mut exists = false;
                for (layer, tree) in trees.iter().skip(1).enumerate() {
                    let touch = touches.iter().find(|touch| touch.layer as usize == layer);
                    match touch.and_then(|touch| touch.action) {
                        Some(PathAction::Added) => assert!(!std::mem::replace(&mut exists, true)),
                        Some(PathAction::Deleted) => assert!(std::mem::take(&mut exists)),
                        Some(_) => assert!(exists),
                        None => {}
                    }
                    assert_eq!(exists, tree.contains(path), "{} after layer {layer}", image.paths.text(path));
                }
            }
            for touch in path_history(&image, PathId::ROOT) {
                let whole = trees[image.layers.len()].layer(touch.layer as usize);
                assert_eq!(touch.below, whole, "layer {}", touch.layer);
            }
        }
    }
}
