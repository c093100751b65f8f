//! The secrets of an image: those of its files with whether they are still in the final tree, and those of its config:
//! values of variables and labels, and what its history tells of build arguments and commands.

use std::collections::BTreeSet;

use super::fact::{SecretFact, SecretFactKind};
use super::place::{is_published, is_shown};
use crate::image::content_watch::FileFact;
use crate::image::packages::ImagePackages;
use crate::image::{Config, EntryId, Image, ImageTree, MemberOutcome, PathId};
use crate::secret::{FoundSecret, SecretKind, Sign, certain_in_text, exact_token, is_common, is_filler, variable};

/// A secret that everybody who has the image can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What it is.
    pub kind: SecretFactKind,
    /// Where it is.
    pub place: SecretPlace,
    /// What it is assigned to.
    pub name: Option<Box<str>>,
    /// How all of its kind begin; empty where that is not known.
    pub prefix: &'static str,
    /// Its bytes.
    pub length: u32,
    /// Whether it is one beyond doubt: not so in tests and examples, or behind a passphrase.
    pub sure: bool,
}

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// In a file.
    File {
        /// The member.
        entry: EntryId,
        /// Its path.
        path: PathId,
        /// The line, the first is 1; `None` in files that have none.
        line: Option<u32>,
        /// Whether it is in the final tree, or in its layer only: from there it can be read as well.
        fate: MemberOutcome,
    },
    /// In a variable of the config.
    Environment,
    /// In a label.
    Label,
    /// In the text of a step of the history: its index.
    History(usize),
}

impl Secret {
    /// Its place among others: surest first, then by layer and path.
    fn order(&self) -> (bool, (u8, u32, u32, u32), SecretFactKind) {
        let place = match self.place {
            SecretPlace::Environment => (0, 0, 0, 0),
            SecretPlace::Label => (1, 0, 0, 0),
            SecretPlace::History(step) => (2, step as u32, 0, 0),
            SecretPlace::File { entry, path, line, .. } => (3, entry.layer, path.0, line.unwrap_or_default()),
        };
        (!self.sure, place, self.kind)
    }

    /// As it may be shown: `ghp_… (40 characters)`.
    pub fn masked(&self) -> String {
        let dots = if self.prefix.is_empty() { "" } else { "… " };
        format!("{}{dots}({} characters)", self.prefix, self.length)
    }
}

/// The secrets of an image, the surest first. Files that packages own are published, and so are those of a language's
/// libraries: what is in them is no secret. `packages` is `None` where they were not worked out. The image's texts must not
/// be masked yet.
pub fn work_out(image: &Image, tree: &ImageTree, packages: Option<&ImagePackages>) -> Vec<Secret> {
    let mut secrets = of_config(&image.config);
    let mut path = Vec::new();
    for (number, layer) in image.layers.iter().take(tree.layers()).enumerate() {
        for (index, fact) in &layer.facts {
            let FileFact::Secret(fact) = fact else { continue };
            let Some(layer_entry) = layer.entries.get(*index as usize) else { continue };
            let entry = EntryId { layer: number as u32, index: *index };
            image.paths.write(layer_entry.path, &mut path);
            let owned = packages.is_some_and(|packages| packages.owner(layer_entry.path).is_some());
            if owned || is_published(&path) {
                continue;
            }
            let place = SecretPlace::File { entry, path: layer_entry.path, line: fact.line, fate: tree.outcome(entry) };
            secrets.push(of(fact, place, !is_shown(&path)));
        }
    }
    secrets.sort_by_key(Secret::order);
    secrets
}

fn of(fact: &SecretFact, place: SecretPlace, sure: bool) -> Secret {
    Secret {
        kind: fact.kind,
        place,
        name: fact.name.clone(),
        prefix: fact.prefix,
        length: fact.length,
        sure: sure && fact.kind != SecretFactKind::EncryptedKey,
    }
}

/// The secrets of a config, each once, whatever the number of steps that repeat it.
fn of_config(config: &Config) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut known = BTreeSet::new();
    for (name, value) in &config.env {
        secrets.extend(assigned(name, value, SecretPlace::Environment, &mut known));
    }
    for (name, value) in &config.labels {
        secrets.extend(assigned(name, value, SecretPlace::Label, &mut known));
    }
    for (index, step) in config.history.iter().enumerate() {
        let Some(text) = &step.created_by else { continue };
        let place = SecretPlace::History(index);
        for FoundSecret { value, by, .. } in certain_in_text(text) {
            let chosen = matches!(by, Sign::Name(_)) && is_filler(&value);
            if chosen || !by.is_reported() || is_common(&value) || !known.insert(value.clone()) {
                continue;
            }
            let (kind, name) = match by {
                Sign::Login => (SecretFactKind::Url, None),
                Sign::Name(name) => (SecretFactKind::Variable, Some(name)),
                Sign::Look | Sign::Throwaway | Sign::Hint => (SecretFactKind::Token("token"), None),
            };
            secrets.push(secret(kind, name.as_deref(), &value, place));
        }
        let old = text.split_once("ENV ").and_then(|(_, rest)| rest.trim_start().split_once(' '));
        if let Some((name, value)) = old.filter(|(name, _)| !name.contains('=')) {
            secrets.extend(assigned(name, value.trim_end_matches("# buildkit").trim(), place, &mut known));
        }
    }
    secrets
}

fn assigned(name: &str, value: &str, place: SecretPlace, known: &mut BTreeSet<String>) -> Option<Secret> {
    let variable = variable(name, Some(value))?;
    let value = variable.value.filter(|value| !is_common(value))?;
    let kind = if variable.why == SecretKind::Url { SecretFactKind::Url } else { SecretFactKind::Variable };
    (kind == SecretFactKind::Url || !is_filler(&value)).then_some(())?;
    known.insert(value.clone()).then(|| secret(kind, Some(&variable.name), &value, place))
}

fn secret(kind: SecretFactKind, name: Option<&str>, value: &str, place: SecretPlace) -> Secret {
    let token = exact_token(value.as_bytes());
    Secret {
        kind: token.map_or(kind, |token| SecretFactKind::Token(token.what)),
        place,
        name: name.map(|name| name.chars().take(64).collect()),
        prefix: token.map_or("", |token| token.prefix),
        length: value.chars().count() as u32,
        sure: true,
    }
}
