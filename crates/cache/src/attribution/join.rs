//! Joins what the record, the Dockerfile and the history tell.

use super::base::{Base, BaseHow};
use super::entry::HistoryEntry;
use super::fit::{AlignedHistory, fitted, of_instruction, place, triggered};
use super::{Confidence, DockerfileText, NoPlaceReason, Origin, Origins, PlaceCertainty, SourcePlace, base, recorded};
use crate::build::Build;
use crate::dockerfile::Keyword;
use crate::image::{Image, Provenance, RecordedLayer, RecordedLines};

/// Where each layer comes from: as the provenance says, else as the history laid beside the Dockerfile tells.
pub fn origins(image: &Image, build: Option<&Build<'_>>, provenance: Option<&Provenance>) -> Origins {
    origins_above(image, &base::base(image, &[]), build, provenance)
}

/// As [`origins`], for an image whose base was looked for ([`base()`](super::base())).
pub fn origins_above(
    image: &Image,
    base: &Base,
    build: Option<&Build<'_>>,
    provenance: Option<&Provenance>,
) -> Origins {
    let mut notices = Vec::new();
    let history = of_layers(image, &mut notices);
    let entries: Vec<HistoryEntry> = image.config.history.iter().map(HistoryEntry::of).collect();
    let recorded = recorded::layers(image, provenance);
    let input = recorded.as_ref().and(provenance).and_then(recorded::input);
    let recorded_build = input.as_ref().map(Build::new);
    let text_of = |build: &Build<'_>| build.input().file.source().shared_text();
    let is_same =
        matches!((build, &recorded_build), (Some(named), Some(recorded)) if text_of(named) == text_of(recorded));
    let floor = match (base.how, base.layers) {
        (BaseHow::Layers, 1..) => history.get(base.layers - 1).copied().flatten().map_or(0, |entry| entry + 1),
        _ => 0,
    };
    let mut joined = JoinedLayer {
        image,
        history,
        entries,
        given_history: None,
        recorded_history: None,
        base: base.clone(),
        boundary: floor,
        has_dockerfile: build.is_some() || recorded_build.is_some(),
    };
    let recorded_text = if is_same { DockerfileText::Given } else { DockerfileText::Recorded(0) };
    joined.recorded_history =
        recorded_build.as_ref().and_then(|build| fitted(build, &joined.entries, floor, recorded_text));
    if !is_same {
        joined.given_history = build.and_then(|build| fitted(build, &joined.entries, floor, DockerfileText::Given));
    }
    joined.bound(recorded.as_deref(), &mut notices);
    let names: Vec<Option<String>> = joined.entries.iter().map(HistoryEntry::one_line).collect();
    let mut origins: Vec<Origin> =
        names.into_iter().enumerate().map(|(entry, name)| joined.origin(entry, name)).collect();
    let mut layers: Vec<Origin> =
        joined.history.iter().enumerate().map(|(layer, entry)| joined.layer(layer, *entry, &origins)).collect();
    if let (Some(recorded), Some(provenance)) = (&recorded, provenance) {
        let record = Record { build: recorded_build.as_ref(), text: recorded_text, provenance };
        for (layer, origin) in layers.iter_mut().enumerate() {
            let recorded_layer = recorded[layer]
                .filter(|recorded_layer| !recorded_layer.fetched)
                .and_then(|recorded_layer| recorded_layer.lines);
            if let Some(lines) = recorded_layer
                && !matches!(&origin.place, Some(place) if !is_same && place.text == DockerfileText::Given)
            {
                record.put(lines, origin);
            }
            if let Some(entry) = joined.history[layer] {
                origins[entry] = origin.clone();
            }
        }
    }
    joined.add_notices(build, is_same, &mut notices);
    let fit = joined.given_history.or(joined.recorded_history).map(|fitted| fitted.fit);
    Origins { layers, history: origins, base: joined.base, fit, notices }
}

struct JoinedLayer<'i> {
    image: &'i Image,
    /// The entry of each layer.
    history: Vec<Option<usize>>,
    entries: Vec<HistoryEntry>,
    /// Beside the given Dockerfile, where that is not the recorded one.
    given_history: Option<AlignedHistory>,
    /// Beside the recorded one.
    recorded_history: Option<AlignedHistory>,
    base: Base,
    /// The lowest entry that is not the base's.
    boundary: usize,
    has_dockerfile: bool,
}

impl JoinedLayer<'_> {
    /// The Dockerfile that the image was built from.
    fn fitting(&self) -> Option<&AlignedHistory> {
        let belongs = |fitted: &&AlignedHistory| fitted.fit.belongs();
        self.given_history.as_ref().filter(belongs).or_else(|| self.recorded_history.as_ref().filter(belongs))
    }

    /// Works out where the base ends.
    fn bound(&mut self, recorded: Option<&[Option<RecordedLayer>]>, notices: &mut Vec<String>) {
        let below = |history: &[Option<usize>], entry: usize| {
            history.iter().take_while(|index| index.is_none_or(|index| index < entry)).count()
        };
        let fetched =
            recorded.map(|layers| layers.iter().take_while(|layer| layer.is_some_and(|layer| layer.fetched)).count());
        let fitting = self.fitting().map(|fitted| (fitted.first, fitted.is_scratch));
        let first = fitting.and_then(|(first, _)| first);
        if self.base.how != BaseHow::Layers {
            if let Some(layers) = fetched.filter(|layers| *layers > 0) {
                (self.base.layers, self.base.how) = (layers, BaseHow::Provenance);
            } else if let Some((_, true)) = fitting {
                (self.base.layers, self.base.how) = (0, BaseHow::History);
            } else if let Some(first) = first {
                let first = triggered(&self.entries, first);
                (self.base.layers, self.base.how) = (below(&self.history, first), BaseHow::History);
                self.boundary = first;
            } else if self.image.layers.len() > 1 {
                notices.push(
                    "cannot tell where the base image ends; assuming it is the first layer (set it with `--base`)"
                        .to_owned(),
                );
            }
        }
        if matches!(self.base.how, BaseHow::Layers | BaseHow::Provenance) {
            let last = self.base.layers.checked_sub(1).and_then(|layer| self.history.get(layer).copied().flatten());
            let start = last.map_or(0, |entry| entry + 1);
            // Settings of the base stand above its last layer.
            let first_layer = (start..self.entries.len()).find(|&entry| !self.entries[entry].is_empty);
            self.boundary = first.into_iter().chain(first_layer).min().unwrap_or(start).max(start);
        }
    }

    /// Where an entry comes from.
    fn origin(&self, entry: usize, name: Option<String>) -> Origin {
        let keyword = self.entries[entry].keyword;
        for fitted in self.given_history.iter().chain(&self.recorded_history).filter(|fitted| fitted.fit.belongs()) {
            if let Some(origin) = &fitted.origins[entry] {
                return origin.clone();
            }
            // All instructions have their entries, so this one is the work of a trigger that the base image brought.
            let complete = fitted.fit.agreed == fitted.fit.instructions && self.base.how != BaseHow::Guess;
            if complete && (self.boundary..fitted.first.unwrap_or(0)).contains(&entry) {
                return Origin { instruction: name, keyword, place: Some(fitted.from.clone()), unplaced: None };
            }
        }
        let unplaced = if entry < self.boundary {
            NoPlaceReason::Base
        } else if self.entries[entry].is_silent {
            NoPlaceReason::NoHistory
        } else if !self.has_dockerfile {
            NoPlaceReason::NoDockerfile
        } else if self.fitting().is_none() {
            NoPlaceReason::OtherDockerfile
        } else {
            NoPlaceReason::NotFound
        };
        Origin { instruction: name, keyword, place: None, unplaced: Some(unplaced) }
    }

    /// Where a layer comes from, by its entry's origin.
    fn layer(&self, layer: usize, entry: Option<usize>, origins: &[Origin]) -> Origin {
        let unplaced = |unplaced| Origin { unplaced: Some(unplaced), ..Origin::default() };
        let Some(entry) = entry else {
            return unplaced(if layer < self.base.layers { NoPlaceReason::Base } else { NoPlaceReason::NoHistory });
        };
        if layer >= self.base.layers && self.is_squashed(entry) {
            unplaced(NoPlaceReason::Squashed)
        } else {
            origins[entry].clone()
        }
    }

    /// Whether a layer holds what several instructions made: buildah and `docker build --squash` say so in a remark.
    fn is_squashed(&self, entry: usize) -> bool {
        let comment = self.image.config.history[entry].comment.as_deref().unwrap_or_default();
        let below = self.entries[..entry].iter().rev().take_while(|below| below.is_empty);
        let makes = |entry: &HistoryEntry| matches!(entry.keyword, Some(Keyword::Run | Keyword::Copy | Keyword::Add));
        (comment.starts_with("FROM ") || comment.starts_with("merge sha256:")) && below.into_iter().any(makes)
    }

    fn add_notices(&self, build: Option<&Build<'_>>, is_same: bool, notices: &mut Vec<String>) {
        let squashed = self.history.iter().flatten().any(|entry| self.is_squashed(*entry));
        if squashed {
            notices.push(
                "several instructions were squashed into one layer, so its bytes cannot be assigned to lines"
                    .to_owned(),
            );
        }
        if self.entries.iter().all(|entry| entry.is_silent) {
            notices.push(
                "the image has no history (it was imported), so it is unknown which instructions wrote its layers"
                    .to_owned(),
            );
        }
        if build.is_some() && !is_same && self.recorded_history.is_some() {
            notices
                .push("the image was not built from this Dockerfile: the builder recorded a different one".to_owned());
        }
        let beside = if is_same { &self.recorded_history } else { &self.given_history };
        let Some(AlignedHistory { fit, .. }) = beside.as_ref() else { return };
        if build.is_none() {
            return;
        }
        let count = format!("{} of {} instructions of stage `{}`", fit.agreed, fit.instructions, fit.stage);
        if !fit.belongs() {
            notices.push(format!("the image was not built from this Dockerfile: {count} match its history"));
        } else if fit.agreed < fit.instructions {
            notices.push(format!("the Dockerfile has changed since the image was built: {count} match its history"));
        }
        if fit.belongs() && !fit.is_target {
            notices.push(format!("the image was built from stage `{}`, which is not the target", fit.stage));
        }
    }
}

/// The entry of each layer: as the image says where the counts agree, else from the top of the stack down.
fn of_layers(image: &Image, notices: &mut Vec<String>) -> Vec<Option<usize>> {
    let history = &image.config.history;
    let filled: Vec<usize> = (0..history.len()).filter(|&entry| !history[entry].empty_layer).collect();
    let layers = image.layers.len();
    if filled.len() != layers && !history.is_empty() {
        notices.push(format!(
            "the history lists {} layers, but the image has {layers}; matching them from the last one",
            filled.len()
        ));
    }
    let missing = layers.saturating_sub(filled.len());
    let spare = filled.len().saturating_sub(layers);
    (0..layers).map(|layer| layer.checked_sub(missing).and_then(|layer| filled.get(layer + spare).copied())).collect()
}

/// The builder's record.
struct Record<'r, 'b> {
    build: Option<&'r Build<'b>>,
    text: DockerfileText,
    provenance: &'r Provenance,
}

impl Record<'_, '_> {
    /// Takes over the recorded lines.
    fn put(&self, lines: RecordedLines, origin: &mut Origin) {
        let (how, confidence) = (PlaceCertainty::Provenance, Confidence::Exact);
        let instruction = if lines.text == 0 {
            self.build.and_then(|build| {
                let all = build.input().file.instructions();
                let index = all.partition_point(|instruction| instruction.start_line <= lines.first).checked_sub(1)?;
                (all[index].end_line >= lines.first).then_some((build, index))
            })
        } else {
            None
        };
        if let Some((build, index)) = instruction {
            let is_trigger = matches!(build.instruction(index).keyword, Keyword::From | Keyword::Onbuild);
            let place = place(build, index, self.text, how, confidence, is_trigger);
            let instruction = if is_trigger { origin.instruction.take() } else { None };
            *origin = of_instruction(build, index, place);
            origin.instruction = instruction.or(origin.instruction.take());
        } else if self.provenance.texts.get(lines.text).is_some() {
            let text = if lines.text == 0 { self.text } else { DockerfileText::Recorded(lines.text) };
            origin.unplaced = None;
            origin.place = Some(SourcePlace {
                text,
                first_line: lines.first,
                last_line: lines.last,
                span: None,
                instruction: None,
                stage: None,
                how,
                confidence,
                triggered: false,
            });
        }
    }
}
