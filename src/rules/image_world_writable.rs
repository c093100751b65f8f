//! See `rules/image-world-writable.md`.

use super::image::{ImageContext, ImageFinding};
use crate::image::EntryKind;

super::image_rule!("image-world-writable", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let is_open = |path| {
        let entry = cx.tree.at(path).map(|id| cx.image.entry(id));
        entry.is_some_and(|entry| entry.kind == EntryKind::Directory && entry.mode.is_world_writable())
    };
    for (path, id) in cx.members_above_base() {
        let entry = cx.image.entry(id);
        let open = matches!(entry.kind, EntryKind::File | EntryKind::Directory) && entry.mode.is_world_writable();
        // Paths below a writable directory are covered by its finding.
        if !open || cx.is_packaged(path) || is_open(cx.image.paths.parent(path)) {
            continue;
        }
        let message = format!("any user in the container can write to `/{}`", cx.image.paths.text(path));
        let help = "make the user that writes it its owner (`COPY --chown=…`), or run `chmod o-w`";
        out.push(ImageFinding::at(path, id.layer as usize, message, help));
    }
}
