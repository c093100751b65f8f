//! The rule about a `$` that is meant as it is, and that Compose takes for a variable.

use crate::compose::project::{ComposeMap, ComposePlace, ComposeValue, loses_part};
use crate::finding::{Finding, Findings, Safety};
use crate::rules::ComposeContext;
use crate::rules::compose::check_command::escaped;
use crate::secret;
use crate::stack::StackService;

crate::rules::family! {
    of_compose
    "compose-dollar-unescaped" => compose_dollar_unescaped;
}

const WHY: &str = "the container gets another value than before";

fn compose_dollar_unescaped(cx: &ComposeContext, out: &mut Findings) {
    for value in &cx.project().cut_values {
        let message = lost_part(&format!("`{}`", value.name));
        let Some(finding) = cx.finding(Some(value.place), message) else { continue };
        out.push(finding.help("put the value in single quotes, in which Compose reads no variables, or write `$$`"));
    }
    for service in cx.services() {
        let build = service.value.get("build");
        let arguments = build.and_then(|build| build.get("args"));
        for pairs in [service.value.get("environment"), service.value.get("labels"), arguments].into_iter().flatten() {
            let pairs = pairs.as_map().into_iter().flat_map(ComposeMap::iter);
            for finding in pairs.filter_map(|(name, entry)| cut_value(cx, name, &entry.value)) {
                out.push(finding);
            }
        }
        for key in ["command", "entrypoint"] {
            let Some(command) = service.value.get(key) else { continue };
            let words = command.as_list().unwrap_or_else(|| std::slice::from_ref(command));
            let mut places: Vec<ComposePlace> = words.iter().filter_map(|word| word.place).collect();
            places.dedup();
            for finding in places.into_iter().filter_map(|place| cut_command(cx, service, place)) {
                out.push(finding);
            }
        }
    }
}

fn lost_part(what: &str) -> String {
    format!("{what} loses a part of its value: the name behind its `$` is taken for a variable, which is not set")
}

/// The names without a value in the text at a place.
fn unset_at<'c>(cx: &ComposeContext<'c>, place: ComposePlace) -> Vec<&'c str> {
    let unset = cx.project().unset.iter().filter(|unset| unset.place == Some(place));
    unset.map(|unset| unset.name.as_str()).collect()
}

fn cut_value(cx: &ComposeContext, name: &str, value: &ComposeValue) -> Option<Finding> {
    let place = value.place?;
    let written = cx.text_at(Some(place)).filter(|text| text.contains('$'))?;
    let inside = written.trim_matches(['"', '\'']);
    let inside = inside.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or(inside);
    let unset = unset_at(cx, place);
    if unset.is_empty() || !loses_part(name, inside, &|name| unset.contains(&name)) {
        return None;
    }
    let finding =
        cx.finding(Some(place), lost_part(&format!("`{name}`")))?.help("write `$$` for each `$` that is meant");
    if secret::names_secret(name) {
        return Some(finding);
    }
    let text = unset.iter().fold(written.to_owned(), |text, name| escaped(&text, name));
    Some(cx.replaced(finding, "double the `$`", Safety::Unsafe(WHY.to_owned()), Some(place), &text))
}

/// A variable of the shell in a command that Compose replaces by nothing.
fn cut_command(cx: &ComposeContext, service: &StackService, place: ComposePlace) -> Option<Finding> {
    let written = cx.text_at(Some(place)).filter(|text| text.contains('$'))?;
    let unset = unset_at(cx, place);
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    // One that the file also takes from outside is meant to be replaced.
    let is_used_elsewhere =
        |name: &str| cx.project().unset.iter().any(|unset| unset.name == name && unset.place != Some(place));
    let is_given = |name: &str| variables.is_some_and(|map| map.get(name).is_some_and(|value| !value.is_null()));
    let is_of_container = |name: &str| sets(written, name) || is_given(name) && !is_used_elsewhere(name);
    let names: Vec<&str> = unset.iter().copied().filter(|name| is_of_container(name)).collect();
    let message = match names.first() {
        Some(name) => format!(
            "`${name}` in the command of `{}` is replaced before the container starts, by nothing: the variable is set in \
             the container only",
            service.name
        ),
        None if loses_part("", written, &|name| unset.contains(&name)) => {
            lost_part(&format!("the command of `{}`", service.name))
        }
        None => return None,
    };
    let finding = cx.finding(Some(place), message)?;
    let names = if names.is_empty() { unset } else { names };
    let help = format!("write `$${}`", names.first().copied().unwrap_or_default());
    let text = names.iter().fold(written.to_owned(), |text, name| escaped(&text, name));
    let title = "double the `$`";
    Some(cx.replaced(finding.help(help), title, Safety::Unsafe(WHY.to_owned()), Some(place), &text))
}

/// Whether a script sets a variable: `name=…`, `for name in …`, `read name`.
fn sets(script: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '{';
    script.match_indices(name).any(|(at, _)| {
        let (before, after) = (&script[..at], &script[at + name.len()..]);
        let word = before.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is_loop = before.ends_with(' ') && word == "for" && after.starts_with(" in ");
        !before.ends_with(is_of_name) && after.starts_with('=') || is_loop
    })
}
