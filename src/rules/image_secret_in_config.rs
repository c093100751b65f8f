//! See `rules/image-secret-in-config.md`.

use super::image::{ImageContext, ImageFinding};
use crate::image::secrets::SecretPlace;

super::image_rule!("image-secret-in-config", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for secret in cx.secrets.iter().filter(|secret| secret.sure) {
        let (place, step) = match secret.place {
            SecretPlace::File { .. } => continue,
            SecretPlace::Environment => ("the environment".to_owned(), None),
            SecretPlace::Label => ("a label".to_owned(), None),
            SecretPlace::History(step) => (format!("step {} of the history", step + 1), Some(step)),
        };
        let name = secret.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let message = format!("{place} contains a secret: {}{name}", secret.kind.words());
        let help = "revoke it; pass it when the container starts, or to one step with `RUN --mount=type=secret`";
        out.push(ImageFinding { step, ..ImageFinding::of_config(message, help) });
    }
}
