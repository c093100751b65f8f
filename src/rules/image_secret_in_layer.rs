//! See `rules/image-secret-in-layer.md`.

use super::image::{ImageContext, ImageFinding};
use crate::image::MemberOutcome;
use crate::image::secrets::SecretPlace;

super::image_rule!("image-secret-in-layer", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for secret in cx.secrets.iter().filter(|secret| secret.sure) {
        let SecretPlace::File { entry, path, line, fate } = secret.place else { continue };
        let layer = entry.layer as usize;
        let place = line.map(|line| format!(":{line}")).unwrap_or_default();
        let mut message = format!("`/{}{place}` contains a secret: {}", cx.image.paths.text(path), secret.kind.words());
        if let MemberOutcome::Unlinked { by } | MemberOutcome::Lost { by, .. } = fate {
            message.push_str(&format!("; layer {} hides it, but layer {} still contains it", by + 1, layer + 1));
        }
        let help = "revoke it, and pass it only to the step that needs it: `RUN --mount=type=secret`";
        out.push(ImageFinding::at(path, layer, message, help));
    }
}
