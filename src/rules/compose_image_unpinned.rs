//! See `rules/compose-image-unpinned.md`.

use super::ComposeContext;
use crate::build::Reference;
use crate::finding::Findings;

super::compose_rule!("compose-image-unpinned", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = service.image_name() else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        // Which image a variable names is somebody else's choice.
        if cx.text_at(place).is_none_or(|text| text.contains('$')) {
            continue;
        }
        let reference = Reference::of(image);
        let what = match (reference.tag, reference.digest) {
            (None, None) => format!("`{image}` has no tag"),
            (Some("latest"), None) => format!("`{image}` names no version"),
            _ => continue,
        };
        let message = format!("{what}: the next pull may bring another version");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write the version that is in use as the tag"));
    }
}
