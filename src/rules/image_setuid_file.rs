//! See `rules/image-setuid-file.md`.

use super::image::{ImageContext, ImageFinding};
use crate::image::EntryKind;

super::image_rule!("image-setuid-file", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for (path, id) in cx.members_above_base() {
        let entry = cx.image.entry(id);
        let runs_as_owner = entry.kind == EntryKind::File && entry.mode.is_setid() && entry.mode.is_executable();
        if !runs_as_owner || cx.is_packaged(path) {
            continue;
        }
        let message = format!(
            "`/{}` is setuid or setgid: it runs with the rights of its owner or group, no matter who starts it",
            cx.image.paths.text(path)
        );
        out.push(ImageFinding::at(path, id.layer as usize, message, "remove the bits: `chmod ug-s`"));
    }
}
