//! See `rules/image-root-copied.md`.

use super::{Context, copied_packages};
use crate::build::{Build, Reference, StageBase, is_official};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("image-root-copied", check);

/// The number of such copies that are checked; no real file has more.
const MOST: usize = 100;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut looked = 0;
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        // Copying into an empty image squashes a tree into one layer, which is intended.
        if matches!(build.root_base(stage), StageBase::Scratch) {
            continue;
        }
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.from.is_some()) {
            let to = transfer.destination.as_deref();
            let to = to.and_then(|to| copied_packages::absolute(build, stage, transfer.index, to));
            let is_root = |text: &str| text.starts_with('/') && matches!(text.trim_matches('/'), "" | ".");
            let whole = transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(is_root));
            let Some(source) = whole else { continue };
            if to.is_none_or(|to| to != "/") {
                continue;
            }
            looked += 1;
            if looked > MOST {
                return;
            }
            if is_overlay(build, transfer.from.as_ref()) {
                continue;
            }
            let message = "this copies the whole file system of another image over this one";
            out.push(cx.finding(source.span, message).help("copy only the paths that are needed"));
        }
    }
}

/// Whether the image may be meant as an overlay: one used as it is that is not a distribution's or a language's, or one
/// that a stage assembles in an empty image.
fn is_overlay(build: &Build, from: Option<&StageBase>) -> bool {
    let official = |image: &str| is_official(Reference::of(image).short_name());
    match from {
        Some(StageBase::Stage(index)) => build.stages().get(*index).is_none_or(|maker| {
            let runs = |stage| build.instructions(stage).any(|(_, instruction)| instruction.keyword == Keyword::Run);
            match build.root_base(maker) {
                StageBase::Image(image) => !official(image) && !build.chain(maker).any(runs),
                _ => true,
            }
        }),
        // In a fragment, a plain name may be a stage of the file that includes it.
        Some(StageBase::Image(image)) => {
            !(official(image) || (build.is_fragment() && !image.contains(['/', ':', '.', '@'])))
        }
        _ => true,
    }
}
