//! Rules about the version of a base image.

use super::Context;
use crate::build::{Edge, EdgeKind, Reference, StageBase, is_official, is_suite};
use crate::data;
use crate::finding::Findings;
use crate::text::path;

super::family! {
    "base-without-digest" => base_without_digest;
    "floating-base" => floating_base;
    "latest-base" => latest_base;
    "untagged-base" => untagged_base;
    "unversioned-own-base" => unversioned_own_base;
}

/// Why the image depends on the day of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatingReason {
    /// No tag, no digest.
    Untagged,
    /// The tag `latest`.
    Latest,
    /// Another tag that its publisher moves.
    Channel,
}

/// An image without a version.
pub(super) struct UnversionedImage<'a> {
    /// The instruction that uses it.
    pub edge: &'a Edge,
    /// The image, with variables resolved.
    pub image: &'a str,
    /// Why it has no version.
    pub how: FloatingReason,
    /// Whether the file itself chooses a public image. False for an image of the project itself, for one that a build
    /// argument chooses, for a stage that the target does not need, and if the name contains a release.
    pub chosen: bool,
}

impl UnversionedImage<'_> {
    /// The message of the finding.
    pub(super) fn message(&self) -> String {
        let image = self.image;
        match self.how {
            FloatingReason::Channel | FloatingReason::Latest => {
                format!("`{image}` is a moving tag: it points to a different image after each release")
            }
            FloatingReason::Untagged => {
                format!("`{image}` has no tag, so each build uses the current `latest`")
            }
        }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> &'static str {
        match self.edge.kind {
            EdgeKind::From => "pin the version that the build was tested with, or its digest",
            EdgeKind::Copy | EdgeKind::Mount => "pin the version of the image to copy from, or its digest",
        }
    }

    /// Whether hadolint mistakes the colon of a registry's port for that of a tag.
    pub(super) fn hides_port(&self) -> bool {
        self.image.split_once('/').is_some_and(|(host, _)| host.contains(':') && !host.contains('.'))
    }
}

/// The images of a build that have no version.
pub(super) fn unversioned<'a>(cx: &'a Context) -> Vec<UnversionedImage<'a>> {
    let mut images = Vec::new();
    for edge in cx.build().edges() {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        let Some(how) = floats(image, edge.kind) else { continue };
        let written = cx.source().slice(edge.span);
        let name = Reference::of(image).short_name();
        // A pipeline passes the tag of an image that the project builds itself.
        let parameter = is_parameter(written) || path::name(written).contains('$') && !is_official(name);
        let public = is_public(image);
        let released = how == FloatingReason::Untagged && says_release(name);
        images.push(UnversionedImage { edge, image, how, chosen: needed && public && !parameter && !released });
    }
    images
}

/// Whether a registry may have the image. A name without a namespace that is not an official image is built by the
/// project itself, or is a named context.
pub(super) fn is_public(image: &str) -> bool {
    let reference = Reference::of(image);
    let name = reference.short_name();
    is_name(reference.name) && (name.contains('/') || is_official(name))
}

/// Whether a build argument chooses the whole image: `$BASE`, `${NAMESPACE}/base:${VERSION}`.
fn is_parameter(written: &str) -> bool {
    let Some(first) = written.find('$') else { return false };
    let last = written.rfind('/').map_or(0, |slash| slash + 1);
    let in_name = first < last || !written[last..first].contains(':');
    // A parameter in front of a literal name is a mirror.
    in_name && written[last..].contains('$')
}

/// Why an image depends on the day of the build; `None` where its name has a version.
pub(super) fn floats(image: &str, kind: EdgeKind) -> Option<FloatingReason> {
    let reference = Reference::of(image);
    // `--from=2` is reported elsewhere.
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
    // `nightly-2026-01-01`, `latest-rust-1.90`; in `alpine3.20` the version is that of Alpine, not of the program.
    if tag.split('-').any(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let first = tag.split(['-', '.']).next().unwrap_or(tag).to_ascii_lowercase();
    let first = first.as_str();
    let suite = is_official(name) && !data::IMAGE_FAMILIES.has(name, "release") && is_suite(first);
    let moves = suite || data::TAG_WORDS.has(first, "channel") || data::TAG_WORDS.has(first, "variant");
    moves.then_some(FloatingReason::Channel)
}

/// Whether it is a valid image name; a placeholder such as `REPLACE-ME` is not.
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

fn base_without_digest(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for edge in build.edges() {
        let needed = build.stages().get(edge.stage).is_some_and(|stage| build.is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        if !needed || Reference::of(image).digest.is_some() {
            continue;
        }
        let message = format!("`{image}` has no digest, so it can be a different image tomorrow");
        out.push(cx.finding(edge.span, message).help("append the digest of the tested image (`@sha256:…`)"));
    }
}

fn floating_base(cx: &Context, out: &mut Findings) {
    let is_meant =
        |image: &UnversionedImage| image.chosen && image.how == FloatingReason::Channel && !is_moot(cx, image);
    for image in unversioned(cx).into_iter().filter(is_meant) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        out.push(finding);
    }
}

/// Whether a file of the project chooses the compiler (`rust-toolchain.toml`), not the image. Then the tag only matters for
/// the distribution, which it names.
fn is_moot(cx: &Context, image: &UnversionedImage) -> bool {
    let Some(context) = cx.context() else { return false };
    let reference = Reference::of(image.image);
    let mut words = reference.tag.unwrap_or_default().split('-');
    reference.short_name() == "rust"
        && words.any(is_suite)
        && context.children(None).any(|id| path::name(context.entry(id).name).starts_with("rust-toolchain"))
}

fn latest_base(cx: &Context, out: &mut Findings) {
    for image in unversioned(cx).into_iter().filter(|image| image.chosen && image.how == FloatingReason::Latest) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        out.push(finding);
    }
}

fn untagged_base(cx: &Context, out: &mut Findings) {
    for image in unversioned(cx).into_iter().filter(|image| image.chosen && image.how == FloatingReason::Untagged) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        let known = image.edge.kind == EdgeKind::From && !image.hides_port();
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}

fn unversioned_own_base(cx: &Context, out: &mut Findings) {
    for image in unversioned(cx).into_iter().filter(|image| !image.chosen && image.how != FloatingReason::Channel) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        let other = if image.how == FloatingReason::Untagged { "DL3007" } else { "DL3006" };
        let finding = finding.without(other);
        let known = image.how == FloatingReason::Latest || (image.edge.kind == EdgeKind::From && !image.hides_port());
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}
