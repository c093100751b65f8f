//! Waste of a built image: see `rules/image-deleted.md` and the pages of the other kinds.

use super::image::{ImageContext, ImageCost, ImageFinding};
use crate::image::{LossGroup, WORTH_IN_IMAGE, WasteKind};

super::family! {
    of_image
    "image-deleted" => |cx, out| check(cx, WasteKind::Deleted, out);
    "image-metadata-only" => |cx, out| check(cx, WasteKind::MetadataOnly, out);
    "image-overwritten" => |cx, out| check(cx, WasteKind::Overwritten, out);
    "image-same-layer-duplicate" => |cx, out| check(cx, WasteKind::SameLayerDuplicate, out);
}

fn check(cx: &ImageContext<'_>, how: WasteKind, out: &mut Vec<ImageFinding>) {
    // What the layers of the base image did is for its maintainers to fix.
    let is_reported =
        |group: &&LossGroup| group.how == how && group.bytes >= WORTH_IN_IMAGE && group.by as usize >= cx.base;
    for group in cx.loss_groups.iter().filter(is_reported) {
        let (owner, by) = (group.owner as usize, group.by as usize);
        let is_base = (group.waste_layer as usize) < cx.base;
        let (what, help) = words(how, is_base);
        let message = format!("`/{}` is {what}", cx.image.paths.text(group.path));
        let cost = ImageCost {
            lost: Some(how),
            category: None,
            rule: rule_of_waste(group, cx.base, cx.instruction(by)),
            by: (by != owner).then_some(by),
            is_base,
            files: group.files,
            bytes: group.bytes,
            compressed: group.compressed,
        };
        out.push(ImageFinding { cost: Some(cost), ..ImageFinding::at(group.path, owner, message, help) });
    }
}

/// What is wrong, and what to do.
const fn words(how: WasteKind, is_base: bool) -> (&'static str, &'static str) {
    match how {
        WasteKind::Deleted if is_base => (
            "deleted, but the base image still stores it: the image does not get smaller",
            "use a smaller base image, or leave it",
        ),
        WasteKind::Overwritten if is_base => (
            "overwritten, but the base image still stores the earlier version",
            "use a base image that already contains the new version",
        ),
        WasteKind::Deleted => (
            "deleted in a later layer, but still stored",
            "delete it in the step that creates it, or create it in another stage",
        ),
        WasteKind::Overwritten => ("overwritten in a later layer, but still stored", "write it only once"),
        WasteKind::MetadataOnly => (
            "stored again to change its owner, mode or time",
            "set owner and mode in the step that writes it: `COPY --chown=… --chmod=…`, or the same RUN",
        ),
        WasteKind::SameLayerDuplicate => ("stored twice in one layer", "rebuild the image with a current builder"),
    }
}

/// The rule for Dockerfiles that finds what makes such waste; `None` if the instruction is of another kind. `base`:
/// layers of the base image; `instruction`: what lost it, on one line.
pub fn rule_of_waste(group: &LossGroup, base: usize, instruction: &str) -> Option<&'static str> {
    let is_base = |layer: u32| (layer as usize) < base;
    match group.how {
        _ if is_base(group.by) || is_base(group.waste_layer) => None,
        WasteKind::Deleted => Some("deleted-in-later-layer"),
        WasteKind::MetadataOnly if instruction.contains("chown") || instruction.contains("chmod") => {
            Some("recursive-chown")
        }
        WasteKind::MetadataOnly | WasteKind::Overwritten | WasteKind::SameLayerDuplicate => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn rules_of_waste_exist() {
        for rule in ["deleted-in-later-layer", "recursive-chown"] {
            assert!(crate::rules::find(rule).is_some(), "{rule}");
        }
    }
}
