//! The files of a run's results: one for each item, its result or why it has none.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::item::{FleetItem, bare_name};
use crate::image::{Algorithm, Digest};

/// Characters of a name that a file's name has, for people.
const SHOWN: usize = 80;

/// Digits of the digest by which names differ.
const DIGITS: usize = 32;

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Its result, as `audit` or `image` writes it.
    Result,
    /// Why it has none.
    Failure,
}

/// Why an item has no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// `dockopt.fleet-failure/1`.
    pub schema: String,
    /// The item.
    pub item: FleetItem,
    /// The exit code of the command; `None` if it was killed.
    pub exit: Option<i32>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl FailureRecord {
    /// Why an item has no result, and what to do.
    pub fn new(item: &FleetItem, exit: Option<i32>, reason: String, help: Option<String>) -> Self {
        Self { schema: Self::SCHEMA.to_owned(), item: item.clone(), exit, reason, help }
    }

    /// Its schema.
    pub const SCHEMA: &'static str = "dockopt.fleet-failure/1";

    /// Reads one; `None` where the text is no such file.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|record: &Self| record.schema == Self::SCHEMA)
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// What tells whether a text is more than the list of what went wrong.
#[derive(Deserialize)]
struct AuditParts {
    builds: Vec<IgnoredAny>,
}

/// Whether the result of a command that met an error says something all the same: a folder has builds besides the file that
/// cannot be read. An image of which a part was not read is not told from one that is smaller.
pub fn has_result(item: &FleetItem, text: &[u8]) -> bool {
    !item.is_image() && serde_json::from_slice::<AuditParts>(text).is_ok_and(|parts| !parts.builds.is_empty())
}

/// The ending of a file with a failure.
const FAILURE_ENDING: &str = ".failed.json";

/// The name of the file for an item: its kind and name for people, and a digest of them, so that no two have the same.
pub fn outcome_file(item: &FleetItem, kind: OutcomeKind) -> String {
    let word = if item.is_image() { "image" } else { "folder" };
    let digest = Digest::of(Algorithm::Sha256, format!("{word}\n{}", item.name()).as_bytes()).hex();
    let name = bare_name(item.name());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let slug: String = name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    // The end of a path, and of an image's name, tells most.
    let slug = slug[slug.len().saturating_sub(SHOWN)..].trim_matches(['-', '.']);
    let ending = match kind {
        OutcomeKind::Result => ".json",
        OutcomeKind::Failure => FAILURE_ENDING,
    };
    format!("{word}-{slug}-{}{ending}", &digest[..DIGITS])
}

/// Whether a file of a run's folder can be one that [`outcome_file`] names.
pub fn is_outcome_file(name: &str) -> bool {
    (name.starts_with("image-") || name.starts_with("folder-")) && name.strip_suffix(".json").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_items_and_never_the_same() {
        let folder = |folder: &str| FleetItem::Folder { folder: folder.to_owned() };
        let name = outcome_file(&folder("../repos/api"), OutcomeKind::Result);
        assert!(name.starts_with("folder-repos-api-") && is_outcome_file(&name), "{name}");
        assert_ne!(name, outcome_file(&folder("../repos-api"), OutcomeKind::Result));
        let image = FleetItem::of_image(format!("registry:é.example/{}:1", "a/".repeat(200)));
        let name = outcome_file(&image, OutcomeKind::Failure);
        assert!(name.len() < 140 && name.is_ascii() && is_outcome_file(&name), "{name}");
    }
}
