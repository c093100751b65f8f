//! The FROM of a stage, and the slim variant of its image.

use super::reason::FullBaseReason;
use std::collections::BTreeSet;

use crate::build::{Libc, Reference, SlimImage, Stage, StageBase, is_suite, libc};
use crate::data;
use crate::finding::FileEdit;
use crate::inputs::images;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::text::Span;

/// A FROM that can stand on a smaller image.
pub(super) struct SlimVariant {
    /// The image that it names now, variables resolved.
    pub full: String,
    /// The smaller one.
    pub slim: String,
    /// Who says that it exists.
    pub why: String,
    /// The edit of the FROM.
    pub edit: FileEdit,
}

/// The variant of the image that a stage's FROM names; `Ok(None)` where it is small already or no variant can be looked for,
/// an error that says why there is none.
pub(super) fn of(input: &PassInput, stage: &Stage) -> Result<Option<SlimVariant>, FullBaseReason> {
    let StageBase::Image(image) = &stage.base else { return Ok(None) };
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or("latest");
    if data::TAG_WORDS.with("small").any(|word| tag.contains(word)) || !SlimImage::has_some(image) {
        return Ok(None);
    }
    refuse_if(reference.digest.is_some(), FullBaseReason::PinnedByDigest { image: image.clone() })?;
    let slim = SlimImage::of_any(image).ok_or_else(|| FullBaseReason::NoSlimVariant { image: image.clone() })?;
    let written = input.source().slice(stage.base_span);
    let (tag, known) = match known_slim_tag(input, &reference, tag, &slim.tag) {
        Some((named, by)) if written.ends_with(tag) || named == slim.tag => (named, by),
        _ => (slim.tag, "the publisher builds a slim variant of each version".to_owned()),
    };
    let Some((span, text)) = edit(input, stage.base_span, written, &reference, &tag) else {
        return Err(FullBaseReason::HiddenTag { written: written.to_string() });
    };
    let slim = format!("{}:{tag}", reference.name);
    Ok(Some(SlimVariant { full: image.clone(), slim, why: known, edit: input.edit(span, text) }))
}

/// What to write where, so that the reference gets the tag.
fn edit(input: &PassInput, place: Span, written: &str, reference: &Reference, tag: &str) -> Option<(Span, String)> {
    let Some(old) = reference.tag else {
        return (written == reference.name).then(|| (Span::at(place.end), format!(":{tag}")));
    };
    if let Some(rest) = tag.strip_prefix(old) {
        return Some((Span::at(place.end), rest.to_owned()));
    }
    // `3.13-bookworm` and `3.13-slim-bookworm`: what differs stands before a common end, which has to be plain text.
    let prefix = common(old.bytes(), tag.bytes());
    let most = old.len().min(tag.len()) - prefix;
    let suffix = common(old.bytes().rev(), tag.bytes().rev()).min(most);
    let end_of = |text: &str| {
        text.rfind('-').and_then(|at| input.build.scopes().expand_global(&text[at..]).map(|end| (at, end)))
    };
    let suffix_between = |end: &str| tag.strip_prefix(old.strip_suffix(end)?)?.strip_suffix(end).map(str::to_owned);
    if let Some((at, end)) = end_of(written)
        && written.ends_with('}')
    {
        return suffix_between(&end).map(|text| (Span::at(place.start + at as u32), text));
    }
    let plain = if written.ends_with(old) { old } else { &old[prefix..] };
    if !written.ends_with(plain) || plain.is_empty() {
        return None;
    }
    let end = place.end - suffix as u32;
    let start = end - (old.len() - prefix - suffix) as u32;
    Some((Span::new(start, end), tag[prefix..tag.len() - suffix].to_owned()))
}

fn common(before: impl Iterator<Item = u8>, right: impl Iterator<Item = u8>) -> usize {
    before.zip(right).take_while(|(a, right)| a == right).count()
}

/// A slim tag of the same image, version and release that another Dockerfile, another stage or the engine names, with who
/// names it.
fn known_slim_tag(input: &PassInput, reference: &Reference, tag: &str, scheme: &str) -> Option<(String, String)> {
    let fits = |image: &&String| {
        let other = Reference::of(image);
        let same = other.name == reference.name && other.digest.is_none();
        same && other.tag.is_some_and(|other| other == scheme || is_twin(reference, tag, other))
    };
    let tag_of = |image: &String| Reference::of(image).tag.map(str::to_owned);
    let exact = |image: &&String| Reference::of(image).tag == Some(scheme);
    let of = |names: &BTreeSet<String>, by: &str| {
        let name = names.iter().find(exact).or_else(|| names.iter().find(fits))?;
        Some((tag_of(name)?, by.to_owned()))
    };
    let dockerfile = input.input().dockerfile;
    let others = input.inputs.builds.iter().filter(|build| build.dockerfile != dockerfile).flat_map(images);
    let others = others.chain(input.evidence.neighbours.beginning_with(reference.name).cloned());
    let others: BTreeSet<String> = others.filter(|image| fits(&image)).collect();
    let stages: BTreeSet<String> = images(input.input()).into_iter().filter(|image| fits(&image)).collect();
    of(&others, "another Dockerfile of this project already uses it")
        .or_else(|| of(&stages, "another stage has it"))
        .or_else(|| {
            let engine = input.evidence.images.as_ref()?.iter().filter(fits).cloned().collect();
            of(&engine, "the engine has this image")
        })
}

/// Whether a tag is that of a slim image of the same version and release of Debian.
fn is_twin(reference: &Reference, tag: &str, other: &str) -> bool {
    let suite = |tag: &str| match libc(&format!("{}:{tag}", reference.name)) {
        Some(Libc::Glibc(release)) => release.map(|release| release.version),
        _ => None,
    };
    let version =
        |tag: &str| tag.split('-').filter(|word| *word != "slim" && !is_suite(word)).collect::<Vec<_>>().join("-");
    let slim = other.split('-').any(|word| word == "slim");
    slim && version(tag) == version(other) && suite(tag).is_some() && suite(tag) == suite(other)
}
