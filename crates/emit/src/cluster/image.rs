//! The name of an image, with a digest where no fixed version is known: a manifest never says `latest`.

use crate::build::Reference;
use crate::compose::project::ComposeProject;
use crate::deployment::image_parts;
use crate::stack::{Stack, StackService};

/// An image as a manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterImage {
    /// Its name without tag and digest.
    pub(super) name: String,
    /// The tag or digest that is written, with its sign; `None` where nothing is known.
    pub(super) version: Option<String>,
    /// Why it is so.
    pub(super) reason: String,
    /// Where it is written.
    pub(super) is_built: bool,
    /// The service whose build makes it.
    pub(super) builder: String,
}

/// A digest that stands for one that is not known yet.
pub(super) const PLACEHOLDER: &str = "@sha256:0000000000000000000000000000000000000000000000000000000000000000";

impl ClusterImage {
    pub(super) fn of(project: &ComposeProject, stack: &Stack, service: &StackService) -> Self {
        let parts = image_parts(service);
        let same = stack.services.iter().find(|other| other.is_built && image_parts(other) == parts);
        let builder = same.unwrap_or(service).name.to_owned();
        let is_built = same.is_some();
        let Some(value) = service.value.get("image").filter(|value| !value.display().is_empty()) else {
            let reason = "the compose file names none: push it under a name of your registry".to_owned();
            return Self { name: format!("{}-{builder}", project.name), version: None, reason, is_built, builder };
        };
        let text = value.display();
        let (name, version) = split(&text);
        let is_open = project.text(value.place).is_some_and(|raw| raw.contains('$'));
        let (version, reason) = match version {
            Some(version) if version.starts_with('@') => (Some(version), "the digest of the compose file"),
            Some(version) if is_open && version != ":latest" && !is_built => {
                (Some(version), "the tag that the compose file comes to here")
            }
            _ if is_open => (None, "a variable says the version: its digest is not known"),
            Some(version) if version != ":latest" => {
                (Some(version), "the tag of the compose file; a digest is what never changes")
            }
            _ => (None, "the compose file names no version, and `latest` is another one each day"),
        };
        Self { name, version, reason: reason.to_owned(), is_built, builder }
    }

    /// The text of a manifest; `existing`: the one that is there, whose version is kept.
    pub(super) fn text(&self, existing: Option<&String>) -> String {
        let kept = || {
            let words = existing?.split([' ', '\n', '"', '\'']);
            let is_it = |word: &&str| {
                let rest = word.strip_prefix(self.name.as_str());
                rest.is_some_and(|rest| rest.starts_with("@sha256:") && rest != PLACEHOLDER)
            };
            words.into_iter().find(is_it).map(str::to_owned)
        };
        kept().unwrap_or_else(|| format!("{}{}", self.name, self.version.as_deref().unwrap_or(PLACEHOLDER)))
    }

    /// The tag under which it is asked for where its digest is looked up.
    pub(super) fn is_open(&self) -> bool {
        self.version.is_none()
    }
}

/// The name of an image, and its digest or tag with the sign.
fn split(text: &str) -> (String, Option<String>) {
    if let Some((name, digest)) = text.split_once('@') {
        let name = split(name).0;
        return (name, Some(format!("@{digest}")));
    }
    match Reference::of(text).tag {
        Some(tag) => {
            let name = text.strip_suffix(&format!(":{tag}")).unwrap_or(text);
            (name.to_owned(), Some(format!(":{tag}")))
        }
        None => (text.to_owned(), None),
    }
}
