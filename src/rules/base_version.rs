//! What a FROM, a `COPY --from` or a mount says of the version of an image.

use super::Context;
use crate::build::{Edge, EdgeKind, Reference, StageBase, is_official, is_suite};
use crate::data;

/// How an image is left to the day of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatingReason {
    /// No tag, no digest.
    Untagged,
    /// The tag `latest`.
    Latest,
    /// Another tag that is moved.
    Channel,
}

/// An image without a version.
pub(super) struct UnversionedImage<'a> {
    /// Who takes from it.
    pub edge: &'a Edge,
    /// The image, variables resolved.
    pub image: &'a str,
    /// How.
    pub how: FloatingReason,
    /// Whether it is public and the file's own choice; else an image of the project itself, of whoever builds, of a
    /// stage that the target does not need, or one whose name has a release in it.
    pub chosen: bool,
}

impl UnversionedImage<'_> {
    /// What is wrong, for people.
    pub(super) fn message(&self) -> String {
        let image = self.image;
        match (self.how, Reference::of(image).tag) {
            (FloatingReason::Channel | FloatingReason::Latest, Some(tag)) => {
                format!("`{image}` moves: `{tag}` names another image after each release")
            }
            _ => format!("`{image}` has no tag: it is whatever `latest` is on the day of the build"),
        }
    }

    /// What to do, for people.
    pub(super) fn help(&self) -> &'static str {
        match self.edge.kind {
            EdgeKind::From => "name the version that the build was tested with, or its digest",
            EdgeKind::Copy | EdgeKind::Mount => "name the version of the image that is copied from, or its digest",
        }
    }

    /// Whether hadolint takes the colon of a registry's port for that of a tag.
    pub(super) fn hides_port(&self) -> bool {
        self.image.split_once('/').is_some_and(|(host, _)| host.contains(':') && !host.contains('.'))
    }
}

/// The images of a build that have no version.
pub(super) fn unversioned<'a>(cx: &'a Context) -> Vec<UnversionedImage<'a>> {
    let mut found = Vec::new();
    for edge in cx.build().edges() {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        let Some(how) = floats(image, edge.kind) else { continue };
        let parameter = is_parameter(cx.source().slice(edge.span));
        let name = Reference::of(image).short_name();
        // A name without a namespace that is no official image is built by the project itself, or names a context.
        let public = is_name(Reference::of(image).name) && (name.contains('/') || is_official(name));
        let released = how == FloatingReason::Untagged && says_release(name);
        found.push(UnversionedImage { edge, image, how, chosen: needed && public && !parameter && !released });
    }
    found
}

/// Whether the image as a whole is the builder's choice: `$BASE`, `${NAMESPACE}/base:${VERSION}`.
fn is_parameter(written: &str) -> bool {
    let Some(first) = written.find('$') else { return false };
    let last = written.rfind('/').map_or(0, |slash| slash + 1);
    let in_name = first < last || !written[last..first].contains(':');
    // A parameter in front of a literal name is a mirror.
    in_name && written[last..].contains('$')
}

fn floats(image: &str, kind: EdgeKind) -> Option<FloatingReason> {
    let reference = Reference::of(image);
    // `--from=2` is another problem's matter.
    let number = kind != EdgeKind::From && image.parse::<i64>().is_ok();
    if reference.digest.is_some() || number || image.is_empty() {
        return None;
    }
    let name = reference.short_name();
    let Some(tag) = reference.tag else {
        return Some(FloatingReason::Untagged);
    };
    if tag == "latest" {
        return Some(FloatingReason::Latest);
    }
    // `nightly-2026-01-01`, `latest-rust-1.90`: alpine3.20 is a version of alpine, not of what stands on it.
    if tag.split('-').any(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let first = tag.split(['-', '.']).next().unwrap_or(tag).to_ascii_lowercase();
    let first = first.as_str();
    let suite = is_official(name) && !data::IMAGE_FAMILIES.has(name, "release") && is_suite(first);
    let moves = suite || data::TAG_WORDS.has(first, "channel") || data::TAG_WORDS.has(first, "variant");
    moves.then_some(FloatingReason::Channel)
}

/// Whether a registry could have an image of that name; a placeholder such as `REPLACE-ME` is none.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

fn says_release(name: &str) -> bool {
    name.split('/').rev().take(2).flat_map(|part| part.split('-')).any(|word| {
        let family = word.trim_end_matches(|c: char| c.is_ascii_digit());
        family.len() < word.len() && data::IMAGE_FAMILIES.has(family, "numbered")
    })
}
