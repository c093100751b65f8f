//! See `rules/image-secret-in-layer.md`.

use super::image::{ImageContext, ImageFinding};
use crate::image::MemberOutcome;
use crate::image::secrets::SecretPlace;

super::image_rule!("image-secret-in-layer", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for secret in cx.secrets.iter().filter(|secret| secret.sure) {
        let SecretPlace::File { entry, path, line, fate } = secret.found else { continue };
        let layer = entry.layer as usize;
        let place = line.map(|line| format!(":{line}")).unwrap_or_default();
        let mut message = format!("`/{}{place}` holds a secret: {}", cx.image.paths.text(path), secret.kind.words());
        if let MemberOutcome::Unlinked { by } | MemberOutcome::Lost { by, .. } = fate {
            message.push_str(&format!("; layer {} hides it, and layer {} still has it", by + 1, layer + 1));
        }
        let help = "make it invalid, and give it to the step that needs it only: `RUN --mount=type=secret`";
        out.push(ImageFinding::at(path, layer, message, help));
    }
}
