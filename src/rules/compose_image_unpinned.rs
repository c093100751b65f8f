//! See `rules/compose-image-unpinned.md`.

use super::ComposeContext;
use super::base_version::{FloatingReason, floats, is_public};
use crate::build::{EdgeKind, Reference};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::finding::Findings;
use crate::sources::patterns;

super::compose_rule!("compose-image-unpinned", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        let what = match floats(image, EdgeKind::From) {
            Some(FloatingReason::Untagged) => format!("`{image}` has no tag"),
            Some(FloatingReason::Latest | FloatingReason::Channel) => format!("`{image}` names no version"),
            None => continue,
        };
        let name = Reference::of(image).short_name();
        if !is_public(image) || cx.compose_use().built_images.contains(name) {
            continue;
        }
        // Somebody wants the newest one at each start.
        if service.text("pull_policy").is_some_and(|policy| !["missing", "if_not_present", "never"].contains(&policy)) {
            continue;
        }
        let environment = service.value.get("environment").and_then(ComposeValue::as_map);
        let upgrades = |name: &str| patterns::words("upgrades its data by itself").any(|word| word == name);
        if environment.into_iter().flat_map(ComposeMap::iter).any(|(name, _)| upgrades(name)) {
            continue;
        }
        let message = format!("{what}: the next pull may bring another version");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write the version that is in use as the tag"));
    }
}
