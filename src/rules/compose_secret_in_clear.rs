//! See `rules/compose-secret-in-clear.md`.

use super::ComposeContext;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::finding::Findings;
use crate::secret;

super::compose_rule!("compose-secret-in-clear", check);

const HELP: &str = "take it from a variable (`${…}` with `.env` outside of git), or from `secrets`";

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
            out.push(finding.help(HELP));
        }
        let check = service.value.get("healthcheck").and_then(|check| check.get("test"));
        for (key, value) in [("command", service.value.get("command")), ("test", check)] {
            let Some(words) = value.and_then(ComposeValue::as_list) else { continue };
            let line: Vec<&str> = words.iter().filter_map(ComposeValue::as_text).collect();
            let hidden = secret::hidden_in(&line.join(" "));
            let written = |word: &&ComposeValue| {
                let text = cx.text_at(word.place).unwrap_or_default();
                hidden.iter().any(|value| !secret::is_filler(value) && text.contains(value.as_str()))
            };
            let Some(word) = words.iter().find(written) else { continue };
            let message =
                format!("a password stands in `{key}` of `{}`: `docker inspect` and `ps` show it", service.name);
            let Some(finding) = cx.finding(word.place, message) else { continue };
            out.push(finding.help(HELP));
        }
    }
}
