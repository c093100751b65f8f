//! Rules about the configuration and the files of a built image.

use super::image::{ImageContext, ImageFinding};
use crate::image::{EntryKind, MemberOutcome, secrets::SecretPlace};

super::family! {
    of_image
    "image-healthcheck-missing" => image_healthcheck_missing;
    "image-labels-missing" => image_labels_missing;
    "image-runs-as-root" => image_runs_as_root;
    "image-secret-in-config" => image_secret_in_config;
    "image-secret-in-layer" => image_secret_in_layer;
    "image-setuid-file" => image_setuid_file;
    "image-world-writable" => image_world_writable;
}

fn image_healthcheck_missing(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let config = &cx.image.config;
    let starts = config.entrypoint.is_some() || config.cmd.is_some();
    // `HEALTHCHECK NONE` is a decision too.
    if starts && !config.exposed_ports.is_empty() && config.healthcheck.is_none() {
        let message = "no HEALTHCHECK: the engine does not notice when the service fails".to_owned();
        out.push(ImageFinding::of_config(message, "add `HEALTHCHECK CMD` with a program that the image contains"));
    }
}

/// The labels that record which sources an image was built from.
const WANTED: [&str; 2] = ["org.opencontainers.image.source", "org.opencontainers.image.revision"];

fn image_labels_missing(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let labels = &cx.image.config.labels;
    let is_missing = |name: &&str| labels.get(*name).is_none_or(|value| value.trim().is_empty());
    let missing: Vec<String> = WANTED.into_iter().filter(is_missing).map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let message = format!("labels for the source of the image are missing: {}", missing.join(", "));
        out.push(ImageFinding::of_config(message, "set them in the build: `docker build --label …`"));
    }
}

fn image_runs_as_root(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
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

fn image_secret_in_config(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
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

fn image_secret_in_layer(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
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

fn image_setuid_file(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
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

fn image_world_writable(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
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
