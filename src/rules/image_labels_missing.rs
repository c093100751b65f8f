//! See `rules/image-labels-missing.md`.

use super::image::{ImageContext, ImageFinding};

super::image_rule!("image-labels-missing", check);

/// The labels that record which sources an image was built from.
const WANTED: [&str; 2] = ["org.opencontainers.image.source", "org.opencontainers.image.revision"];

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let labels = &cx.image.config.labels;
    let is_missing = |name: &&str| labels.get(*name).is_none_or(|value| value.trim().is_empty());
    let missing: Vec<String> = WANTED.into_iter().filter(is_missing).map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let message = format!("labels for the source of the image are missing: {}", missing.join(", "));
        out.push(ImageFinding::of_config(message, "set them in the build: `docker build --label …`"));
    }
}
