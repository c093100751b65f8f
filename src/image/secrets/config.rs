//! Secrets in a config: values of variables and labels, and what its history tells of build arguments and commands.

use std::collections::BTreeSet;

use super::fact::Kind;
use super::result::{Found, Secret};
use crate::image::Config;
use crate::secret::{Held, SecretKind, Sign, exact_token, in_text, is_common, is_filler, variable};

/// The secrets of a config, each once, whatever the number of steps that repeat it.
pub(super) fn of_config(config: &Config) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut known = BTreeSet::new();
    for (name, value) in &config.env {
        secrets.extend(assigned(name, value, Found::Environment, &mut known));
    }
    for (name, value) in &config.labels {
        secrets.extend(assigned(name, value, Found::Label, &mut known));
    }
    for (index, step) in config.history.iter().enumerate() {
        let Some(text) = &step.created_by else { continue };
        let found = Found::History(index);
        for Held { value, by, .. } in in_text(text) {
            let chosen = matches!(by, Sign::Name(_)) && is_filler(&value);
            if chosen || is_common(&value) || !known.insert(value.clone()) {
                continue;
            }
            let (kind, name) = match by {
                Sign::Login => (Kind::Url, None),
                Sign::Name(name) => (Kind::Variable, Some(name)),
                Sign::Look => (Kind::Token("token"), None),
            };
            secrets.push(secret(kind, name.as_deref(), &value, found));
        }
        let old = text.split_once("ENV ").and_then(|(_, rest)| rest.trim_start().split_once(' '));
        if let Some((name, value)) = old.filter(|(name, _)| !name.contains('=')) {
            secrets.extend(assigned(name, value.trim_end_matches("# buildkit").trim(), found, &mut known));
        }
    }
    secrets
}

fn assigned(name: &str, value: &str, found: Found, known: &mut BTreeSet<String>) -> Option<Secret> {
    let held = variable(name, Some(value))?;
    let value = held.value.filter(|value| !is_common(value))?;
    let kind = if held.why == SecretKind::Url { Kind::Url } else { Kind::Variable };
    (kind == Kind::Url || !is_filler(&value)).then_some(())?;
    known.insert(value.clone()).then(|| secret(kind, Some(&held.name), &value, found))
}

fn secret(kind: Kind, name: Option<&str>, value: &str, found: Found) -> Secret {
    let token = exact_token(value.as_bytes());
    Secret {
        kind: token.map_or(kind, |token| Kind::Token(token.what)),
        found,
        name: name.map(|name| name.chars().take(64).collect()),
        prefix: token.map_or("", |token| token.prefix),
        length: value.chars().count() as u32,
        sure: true,
    }
}
