//! See `rules/image-runs-as-root.md`.

use super::image::{ImageContext, ImageFinding};

super::image_rule!("image-runs-as-root", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let config = &cx.image.config;
    let user = config.user.as_deref().unwrap_or_default();
    let name = user.split(':').next().unwrap_or_default();
    let starts = config.entrypoint.is_some() || config.cmd.is_some();
    // A base image for others starts no program of its own.
    if starts && !config.exposed_ports.is_empty() && matches!(name, "" | "root" | "0") {
        let message = "the service runs as root".to_owned();
        out.push(ImageFinding::of_config(message, "create a user for it and set it with USER"));
    }
}
