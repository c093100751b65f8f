//! See `rules/image-healthcheck-missing.md`.

use super::image::{ImageContext, ImageFinding};

super::image_rule!("image-healthcheck-missing", check);

fn check(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let config = &cx.image.config;
    let starts = config.entrypoint.is_some() || config.cmd.is_some();
    // `HEALTHCHECK NONE` is a decision too.
    if starts && !config.exposed_ports.is_empty() && config.healthcheck.is_none() {
        let message = "no HEALTHCHECK: the engine does not notice when the service fails".to_owned();
        out.push(ImageFinding::of_config(message, "add `HEALTHCHECK CMD` with a program that the image contains"));
    }
}
