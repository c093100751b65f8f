//! See `rules/floating-base.md`.

use super::Context;
use crate::build::{Base, Edge, EdgeKind, Reference};
use crate::finding::Findings;

super::rule!("floating-base", check);

/// Tags that are moved to the next release, as a whole or as a tag's first word.
const CHANNELS: [&str; 15] = [
    "latest", "stable", "edge", "lts", "nightly", "current", "main", "master", "dev", "develop", "rolling", "mainline",
    "canary", "next", "beta",
];

/// Variants that say nothing of a version when they stand first.
const VARIANTS: [&str; 5] = ["alpine", "slim", "bookworm", "trixie", "bullseye"];

/// Images whose releases have names: there, a code name is a version.
const NAMED_RELEASES: [&str; 4] = ["debian", "ubuntu", "buildpack-deps", "kalilinux/kali-rolling"];

fn check(cx: &Context, out: &mut Findings) {
    for edge in cx.build().edges() {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let Base::Image(image) = &edge.to else { continue };
        if let (true, Some(why)) = (needed, floats(image)) {
            let finding = cx.finding(edge.span, why).help(help(edge));
            out.push(finding);
        }
    }
}

fn floats(image: &str) -> Option<String> {
    let reference = Reference::of(image);
    // `--from=2` and a name without any mark of an image are another problem's matter.
    if reference.digest.is_some() || image.is_empty() || image.contains(char::is_whitespace) {
        return None;
    }
    let Some(tag) = reference.tag else {
        return Some(format!("`{image}` has no tag: it is whatever `latest` is on the day of the build"));
    };
    let first = tag.split(['-', '.']).next().unwrap_or(tag).to_ascii_lowercase();
    let named = NAMED_RELEASES.contains(&reference.short_name());
    let moves =
        CHANNELS.contains(&first.as_str()) || (!named && VARIANTS.contains(&first.as_str()) && !has_version(tag));
    moves.then(|| format!("`{image}` moves: `{tag}` names another image after each release"))
}

/// `alpine3.20` is a version of alpine, not of what stands on it; `bookworm-1.2` has one.
fn has_version(tag: &str) -> bool {
    tag.split('-').any(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

fn help(edge: &Edge) -> &'static str {
    match edge.kind {
        EdgeKind::From => "name the version that the build was tested with, or its digest",
        EdgeKind::Copy | EdgeKind::Mount => "name the version of the image that is copied from, or its digest",
    }
}
