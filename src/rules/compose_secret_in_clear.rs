//! See `rules/compose-secret-in-clear.md`.

use super::ComposeContext;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeValue};
use crate::finding::{Finding, Findings};
use crate::secret;
use crate::stack::StackService;

super::compose_rule!("compose-secret-in-clear", check);

const HELP: &str = "take it from a variable (`${…}` with `.env` outside of git), or from `secrets`";
const HELP_LINE: &str = "let the program read it from a file of `secrets` or from a variable of its container; in a shell \
                         that is `$$NAME`";
const HELP_BUILD: &str =
    "arguments stay in the history of the image: use `build.secrets` and `RUN --mount=type=secret`";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let arguments = service.value.get("build").and_then(|build| build.get("args"));
        for (pairs, help) in [(service.value.get("environment"), HELP), (arguments, HELP_BUILD)] {
            for (name, entry) in pairs.and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter) {
                let (Some(value), Some(text)) = (entry.value.as_text(), cx.text_at(entry.value.place)) else {
                    continue;
                };
                let message =
                    format!("the value of `{name}` is in the file: anyone who can read the repository has it");
                let Some(finding) = cx.finding(entry.key.or(entry.value.place), message) else { continue };
                if let Some(variable) = secret_default(name, text) {
                    out.push(with_default(finding, variable));
                } else if secret::written_in(name, value).iter().any(|hidden| text.contains(hidden.as_str())) {
                    out.push(finding.help(help));
                }
            }
        }
        let check = service.value.get("healthcheck").and_then(|check| check.get("test"));
        let keys = ["entrypoint", "command"].map(|key| (key, service.value.get(key)));
        for (key, value) in keys.into_iter().chain([("test", check)]) {
            let words = value.and_then(ComposeValue::as_list).unwrap_or_default();
            let Some((place, variable)) = written_password(cx, service, key, words) else { continue };
            let message = format!("a password is in `{key}` of `{}`: `docker inspect` and `ps` show it", service.name);
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(match variable {
                Some(variable) => with_default(finding, variable),
                None => finding.help(HELP_LINE),
            });
        }
    }
}

fn with_default(finding: Finding, variable: &str) -> Finding {
    finding.help(format!("leave the default out: `${{{variable}:?}}`, with its value in an `.env` outside of git"))
}

/// The variable of Compose in a text that has a secret as its default; `name`: what the text is the value of.
fn secret_default<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    let holds = |(variable, default): &(&str, &str)| {
        [name, variable].iter().any(|name| !secret::written_in(name, default).is_empty())
    };
    secret::defaults(text).into_iter().find(holds).map(|(variable, _)| variable)
}

/// Where a password stands in a command line, and the variable whose default it is.
fn written_password<'p>(
    cx: &ComposeContext<'p>,
    service: &StackService,
    key: &str,
    words: &'p [ComposeValue],
) -> Option<(Option<ComposePlace>, Option<&'p str>)> {
    let line: Vec<&str> = words.iter().filter_map(ComposeValue::as_text).collect();
    // Options alone are those of the server that the image starts.
    let is_options = key == "command" && line.first().is_some_and(|word| word.starts_with('-'));
    let server = if is_options { service.known.and_then(|known| known.server_program()) } else { None };
    let line: Vec<&str> = server.into_iter().chain(line).collect();
    let hidden = secret::certain_in(&line.join(" "));
    let mut seen = None;
    words.iter().find_map(|word| {
        // All words of one scalar stand at its place, and the text there has one answer.
        if seen.replace(word.place) == Some(word.place) {
            return None;
        }
        let text = cx.text_at(word.place)?;
        if let Some(variable) = secret_default("", text) {
            return Some((word.place, Some(variable)));
        }
        let is_written = |value: &String| !secret::is_filler(value) && text.contains(value.as_str());
        let written = hidden.iter().find(|value| is_written(value))?;
        let is_default = |(_, default): &(&'p str, &str)| default.contains(written.as_str());
        let variable = secret::defaults(text).into_iter().find(is_default).map(|(variable, _)| variable);
        Some((word.place, variable))
    })
}
