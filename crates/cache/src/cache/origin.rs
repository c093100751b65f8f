//! Where a source of a step is, and how its path is written.

use super::step::SourceOrigin;
use crate::build::{Build, Reference, StageBase};
use crate::image::Platform;
use crate::text::path;

/// Where the name of `--from` or of a mount's `from=` leads.
pub(super) fn origin_of(build: &Build<'_>, index: usize, name: &str) -> SourceOrigin {
    let edges = build.edges();
    let start = edges.partition_point(|edge| edge.instruction < index);
    let same = edges[start..].iter().take_while(|edge| edge.instruction == index);
    let file = build.input().file.source();
    let edge = same.clone().find(|edge| file.slice(edge.span) == name).or_else(|| same.clone().next());
    match edge.map(|edge| &edge.to) {
        Some(StageBase::Stage(stage)) => SourceOrigin::Stage { stage: *stage, step: None },
        Some(StageBase::Image(text)) => SourceOrigin::Named(Reference::of(text).canonical()),
        Some(StageBase::Context(text) | StageBase::Unknown(text)) => SourceOrigin::Named(text.clone()),
        Some(StageBase::Scratch) | None => SourceOrigin::Named(name.to_owned()),
    }
}

/// A platform as containerd writes it: `linux/x86_64` is `linux/amd64`.
pub(super) fn canonical_platform(text: &str) -> String {
    let platform = text.parse::<Platform>();
    platform.map_or_else(|_| text.to_owned(), |platform| platform.to_string())
}

/// A path below the root of a context, which `..` does not leave.
pub(super) fn clean(text: &str) -> String {
    path::join("/", text).trim_start_matches('/').to_owned()
}
