//! The variables of a service: plain ones with their values, secrets by their names alone.

use std::collections::{BTreeMap, BTreeSet};

use super::name::is_key;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeProject, ComposeValue};
use crate::secret;
use crate::stack::StackService;
use crate::text::joined;

/// The variables of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct ClusterEnvironment {
    /// Those that everybody may read: names, values, and where they are written.
    pub(super) plain: Vec<(String, String, Option<ComposePlace>)>,
    /// Those whose values are not written: names, why, and where.
    pub(super) secret: Vec<(String, &'static str, Option<ComposePlace>)>,
    /// Names that no manifest takes.
    pub(super) refused: Vec<String>,
    /// What plain ones name and is not set, so that it is empty: names, and those of what they name.
    pub(super) unset: BTreeMap<String, BTreeSet<String>>,
}

impl ClusterEnvironment {
    pub(super) fn of(project: &ComposeProject, service: &StackService) -> Self {
        let mut environment = Self::default();
        let files = service.value.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default();
        let files: Vec<ComposePlace> = files.iter().filter_map(|file| file.place).collect();
        let map = service.value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in map.into_iter().flat_map(ComposeMap::iter) {
            let place = entry.key.or(entry.value.place);
            if !is_key(name) {
                environment.refused.push(name.to_owned());
                continue;
            }
            let is_of_file = entry.key.is_some_and(|place| files.contains(&place));
            let raw = project.text(entry.value.place).unwrap_or_default();
            if let Some(why) = secrecy(name, &entry.value, raw, is_of_file) {
                environment.secret.push((name.to_owned(), why, place));
                continue;
            }
            let unset = unset_names(project, &entry.value);
            if !unset.is_empty() {
                environment.unset.insert(name.to_owned(), unset);
            }
            environment.plain.push((name.to_owned(), entry.value.display(), place));
        }
        environment
    }

    /// Why the value of a plain one is written.
    pub(super) fn reason(&self, name: &str) -> String {
        let basis = "a variable of the compose file that is no secret";
        match self.unset.get(name) {
            Some(unset) => format!("{basis}; {}", emptiness(unset)),
            None => basis.to_owned(),
        }
    }
}

/// What a value names and nothing sets, which Compose takes for empty.
pub(super) fn unset_names(project: &ComposeProject, value: &ComposeValue) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        open.extend(value.as_list().unwrap_or_default());
        open.extend(value.as_map().into_iter().flat_map(ComposeMap::iter).map(|(_, entry)| &entry.value));
        let Some(place) = value.place else { continue };
        let is_in = |other: &ComposePlace| {
            other.file == place.file && other.span.start < place.span.end && place.span.start < other.span.end
        };
        let unset = project.unset.iter().filter(|unset| unset.place.as_ref().is_some_and(is_in));
        names.extend(unset.map(|unset| unset.name.clone()));
    }
    names
}

/// That what is named is empty: `REGION` is not set, and so empty there.
pub(super) fn emptiness(unset: &BTreeSet<String>) -> String {
    let names: Vec<String> = unset.iter().map(|name| format!("`{name}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb} not set, and so empty there", joined(&names))
}

/// Whether a text that a file of a cluster would show holds a secret.
pub(super) fn shows_secret(text: &str) -> bool {
    secret::holds_secret(text) || !secret::hidden_in(text).is_empty()
}

/// Why the value of a variable is not written.
fn secrecy(name: &str, value: &ComposeValue, raw: &str, is_of_file: bool) -> Option<&'static str> {
    if is_of_file {
        return Some("its value is in an env_file, which is not copied");
    }
    if value.is_null() {
        return Some("its value is that of who starts Compose");
    }
    let text = value.display();
    let is_secret = || secret::variable(name, Some(&text)).is_some() || secret::hidden_of(name, &text).is_some();
    if secret::names_secret(name) && !secret::is_switch(&text) || is_secret() || shows_secret(&text) {
        return Some("its name or value is that of a secret");
    }
    if has_login(&text) {
        return Some("its address holds a login");
    }
    let reads_secret = raw.split('$').skip(1).any(|rest| {
        let rest = rest.trim_start_matches('{');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        secret::names_secret(&rest[..end])
    });
    reads_secret.then_some("it is put together with a secret")
}

/// Whether an address has a password: `postgresql://app:word@db/shop`.
fn has_login(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', ' ', '"']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::has_login;

    #[test]
    fn addresses_with_logins() {
        assert!(has_login("postgresql+asyncpg://a:b@db:5432/x"));
        assert!(has_login("http://x/, amqp://u:p@mq"));
        assert!(!has_login("http://db:5432/a@b:c") && !has_login("nats://nats:4222") && !has_login("redis://user@r"));
    }
}
