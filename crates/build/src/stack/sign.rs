//! Services whose image is not known, and that are one of a known service by their settings (`data/service_signs.tsv`).

use super::KnownService;
use super::known::service_named;
use crate::build::{BaseImage, Build, StageBase};
use crate::compose::project::ComposeValue;
use crate::data;
use crate::inputs::BuildInput;

/// The service that variables and mounts say, where the image is not known to be something else.
pub(super) fn of(service: &ComposeValue, image: Option<&BuildInput>) -> Option<KnownService> {
    if image.is_some_and(stands_on_known_image) {
        return None;
    }
    let variables = service.get("environment").and_then(ComposeValue::as_map)?;
    let row = data::SERVICE_SIGNS.rows().find(|row| {
        data::words(row[1]).any(|name| variables.get(name).is_some())
            && data::words(row[2]).any(|sign| has(service, sign))
    })?;
    service_named(row[0])
}

fn has(service: &ComposeValue, sign: &str) -> bool {
    if sign.starts_with('/') {
        return mounts(service, sign);
    }
    let test = service.get("healthcheck").and_then(|check| check.get("test"));
    let items = test.and_then(ComposeValue::as_list).unwrap_or_default().iter().filter_map(ComposeValue::as_text);
    let test = items.collect::<Vec<_>>().join(" ");
    // A check of another host is no sign of a server.
    let is_local = |rest: &str| ["localhost", "127.0.0.1", "$"].iter().any(|host| rest.trim_start().starts_with(host));
    let asks_itself = ["-h", "--host", "--host="]
        .iter()
        .all(|option| test.split_once(&format!(" {option} ")).is_none_or(|(_, rest)| is_local(rest)));
    let mut words = test.split(|c: char| c.is_whitespace() || ";&|()'\"".contains(c));
    words.any(|word| word == sign) && asks_itself
}

/// Whether something is mounted on a folder or below it.
pub(super) fn mounts(service: &ComposeValue, folder: &str) -> bool {
    let list = |key: &str| service.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    let mut targets = list("volumes").iter().chain(list("configs")).filter_map(|item| item.get("target")?.as_text());
    targets.any(|target| target.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether the base image of a build is known to be that of a language or a distribution.
fn stands_on_known_image(input: &BuildInput) -> bool {
    let build = Build::new(input);
    let Some(stage) = build.target() else { return true };
    match build.root_base(stage) {
        StageBase::Image(reference) => BaseImage::of(reference).source().is_some(),
        _ => true,
    }
}
