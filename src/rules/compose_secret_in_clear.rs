//! See `rules/compose-secret-in-clear.md`.

use super::ComposeContext;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::finding::Findings;
use crate::secret;

super::compose_rule!("compose-secret-in-clear", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            let Some(value) = entry.value.as_text() else { continue };
            // What a variable or an environment file gives does not stand in this file.
            let is_written = cx.text_at(entry.value.place).is_some_and(|text| text.contains(value.trim()));
            let Some(hidden) = secret::hidden_of(name, value) else { continue };
            if !is_written || value.is_empty() || secret::is_filler(&hidden) {
                continue;
            }
            let message =
                format!("the value of `{name}` stands in the file: anyone who can read the repository has it");
            let Some(finding) = cx.finding(entry.key.or(entry.value.place), message) else { continue };
            out.push(finding.help("take it from a variable (`${…}` with `.env` outside of git), or from `secrets`"));
        }
    }
}
