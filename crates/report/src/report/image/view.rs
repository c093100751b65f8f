//! How much of an analysis is shown, and what its parts are called.

use crate::analysis::{AnalysisProblem, ImageAnalysis};
use crate::attribution::{Confidence, SourcePlace};
use crate::image::{PathId, WasteKind, transfer_seconds};

/// How much of an analysis is shown.
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    /// Layers of the base one by one.
    pub all: bool,
    /// What the images share instead of each of them.
    pub shared: bool,
    /// Levels of folders.
    pub depth: u32,
    /// Rows of a list.
    pub top: usize,
    /// Bits per second that the time of a pull is worked out for.
    pub bandwidths: &'a [u64],
    /// What was asked for, as it was typed.
    pub names: &'a [String],
    /// The Dockerfile that was given, as it was typed.
    pub dockerfile: Option<&'a str>,
}

/// What is wrong with an image, on one line with its place.
pub fn image_problem(problem: &AnalysisProblem) -> String {
    let source = problem.source.as_ref().map(|source| format!("`{source}`")).unwrap_or_default();
    let offset = problem.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
    let place = problem.place.as_ref().map(|place| format!("`{place}`{offset}")).unwrap_or_default();
    let place = match (source.is_empty(), place.is_empty()) {
        (_, true) => source,
        (true, false) => place,
        (false, false) => format!("{source}: {place}"),
    };
    // A message about the source as a whole names it itself.
    let names_it = problem.message.starts_with(&place) || problem.message.ends_with(&place);
    if place.is_empty() || (problem.place.is_none() && names_it) {
        return problem.message.clone();
    }
    format!("{place}: {}", problem.message)
}

/// The path in the image, with a slash before it; bytes that are no UTF-8 as `\xff`.
pub fn shown_path(analysis: &ImageAnalysis, path: PathId) -> String {
    let mut text = String::from("/");
    for chunk in analysis.image.paths.bytes(path).utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

/// `Dockerfile:12`, with a `~` before it where it is not sure.
pub fn shown_line(analysis: &ImageAnalysis, layer: usize) -> Option<String> {
    let (name, place) = analysis.place(layer)?;
    let short = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let doubt = if place.confidence == Confidence::Kind { "~" } else { "" };
    Some(format!("{doubt}{short}:{}", place.first_line))
}

/// Who made a layer: its line, else its number.
pub fn shown_maker(analysis: &ImageAnalysis, layer: usize) -> String {
    if analysis.is_base(layer) {
        return "base".to_owned();
    }
    let line = |place: &SourcePlace| {
        let doubt = if place.confidence == Confidence::Kind { "~" } else { "" };
        format!("{doubt}line {}", place.first_line)
    };
    analysis.place(layer).map_or_else(|| format!("layer {}", layer + 1), |(_, place)| line(place))
}

/// Who made a layer, and who lost what lies in it.
pub fn shown_makers(analysis: &ImageAnalysis, owner: usize, by: usize) -> String {
    let maker = shown_maker(analysis, owner);
    if owner == by { maker } else { format!("{maker} → {}", shown_maker(analysis, by)) }
}

/// How bytes are lost, in words for people.
pub const fn waste_words(how: WasteKind) -> &'static str {
    match how {
        WasteKind::Deleted => "deleted",
        WasteKind::Overwritten => "overwritten",
        WasteKind::MetadataOnly => "stored again",
        WasteKind::SameLayerDuplicate => "stored twice",
    }
}

/// Seconds of a pull at so many bits per second.
#[allow(clippy::cast_precision_loss)] // A rate is as exact as somebody's guess.
pub(super) fn pull_seconds(analysis: &ImageAnalysis, rate: u64) -> f64 {
    transfer_seconds(analysis.totals.likely_pull_bytes(), rate as f64)
}

/// What an image is called: its name, else the start of its ID.
pub fn image_name(analysis: &ImageAnalysis) -> String {
    let image = &analysis.image;
    let id = || image.id.as_ref().or(image.manifest.as_ref()).map(crate::image::Digest::short);
    if image.reference.is_empty() { id().unwrap_or_else(|| "image".to_owned()) } else { image.reference.clone() }
}
