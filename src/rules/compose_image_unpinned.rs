//! See `rules/compose-image-unpinned.md`.

use super::ComposeContext;
use super::base_version::{FloatingReason, floats};
use crate::build::EdgeKind;
use crate::finding::Findings;

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
        let message = format!("{what}: the next pull may bring another version");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write the version that is in use as the tag"));
    }
}
