//! Images that hold the packages of a program and not its sources: a compose file that is gone mounted them.

use crate::build::{Build, Reference, Source, Stage, StageBase};
use crate::data;
use crate::emit::input::EmitInput;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{FileKind, is_manifest};
use crate::text::path;

/// The working folder of an image that starts a program and holds none of the sources that its build context has.
pub(in crate::emit) fn folder_without_sources(
    input: &EmitInput,
    build: &Build,
    stage: &Stage,
    context: &str,
) -> Option<String> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let runs_sources = data::SOURCE_IMAGES.contains(Reference::of(image).short_name());
    if !runs_sources || build.launch(stage).is_none() || !brings_manifests_alone(build) {
        return None;
    }
    let mut files = input.files.files.iter();
    let has_code = files.any(|file| {
        path::is_within(&file.path, context) && FileKind::of(&file.below).has_code() && file.is_of_program()
    });
    let folder = build.workdir(stage, usize::MAX).value().cloned()?;
    (has_code && folder != "/").then_some(folder)
}

/// Whether all that a build takes from its context are manifests and lock files, and it takes some.
fn brings_manifests_alone(build: &Build) -> bool {
    let Some(context) = build.input().context.as_deref() else { return false };
    let mut copies = build.needed_transfers().filter(|(_, transfer)| transfer.from.is_none()).peekable();
    let has_copies = copies.peek().is_some();
    has_copies
        && copies.all(|(_, transfer)| {
            let selections = transfer.select(context).into_iter().flatten();
            let mut entries = selections.flat_map(|selection| selection.entries.to_vec());
            !transfer.sources.iter().any(Source::is_everything)
                && entries.all(|id| {
                    context.entry(id).kind != ContextEntryKind::File || is_manifest(&context.path(id)).is_some()
                })
        })
}
