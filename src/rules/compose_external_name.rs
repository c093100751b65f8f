//! See `rules/compose-external-name.md`.

use super::ComposeContext;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::finding::Findings;

super::compose_rule!("compose-external-name", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for (section, entry) in cx.project().model.iter() {
        for (name, part) in entry.value.as_map().into_iter().flat_map(ComposeMap::iter) {
            if part.value.get("external").and_then(ComposeValue::as_bool) != Some(true) {
                continue;
            }
            let Some(texts) = cx.texts(&[section, name, "external", "name"]) else { continue };
            for place in cx.places_of(&[section, name, "external"]) {
                let message = format!("`external.name` of `{name}` is obsolete, and Compose warns about it");
                let help = format!("write `external: true` and `name: {}`", texts.join(" "));
                let Some(finding) = cx.finding(Some(place), message) else { continue };
                out.push(finding.help(help));
            }
        }
    }
}
