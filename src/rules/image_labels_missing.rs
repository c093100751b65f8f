//! See `rules/image-labels-missing.md`.

use super::image::{ImageContext, ImageFinding};

super::image_rule!("image-labels-missing", check);

/// What says from which sources an image was made.
const WANTED: [&str; 2] = ["org.opencontainers.image.source", "org.opencontainers.image.revision"];

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let labels = &cx.image.config.labels;
    let is_missing = |name: &&str| labels.get(*name).is_none_or(|value| value.trim().is_empty());
    let missing: Vec<String> = WANTED.into_iter().filter(is_missing).map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let message = format!("no label says from which sources it was made: {}", missing.join(", "));
        out.push(ImageFinding::of_config(message, "set them when it is built: `docker build --label …`"));
    }
}
