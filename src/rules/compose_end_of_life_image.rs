//! See `rules/compose-end-of-life-image.md`.

use std::collections::BTreeSet;

use super::ComposeContext;
use super::end_of_life::{EndOfLife, without_digest};
use crate::finding::Findings;

super::compose_rule!("compose-end-of-life-image", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    let Some(today) = cx.today() else { return };
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let Some(ended) = EndOfLife::of(image, today) else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        let image = without_digest(image);
        let message = format!("`{image}` no longer receives security fixes: {}", ended.reasons());
        let Some(finding) = cx.finding(place, message) else { continue };
        let help = ended.help(today, &BTreeSet::new());
        let keeps_data = service.known.is_some_and(|known| known.is_private());
        let upgrade = if keeps_data { "; upgrade its data as its documentation says" } else { "" };
        out.push(finding.help(format!("{help}{upgrade}")));
    }
}
