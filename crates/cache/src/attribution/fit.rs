//! The stage of a Dockerfile that an image was most likely built from, and where its history's entries stand in it.

use super::align::{self, Alignment, align};
use super::entry::HistoryEntry;
use super::expected::ExpectedInstructions;
use super::{Confidence, DockerfileText, HistoryFit, Origin, PlaceCertainty, SourcePlace};
use crate::build::{Build, Stage};
use crate::dockerfile::Keyword;
use crate::image::History;

/// A history laid beside a stage.
pub(super) struct AlignedHistory {
    /// How well.
    pub(super) fit: HistoryFit,
    /// What made each entry.
    pub(super) origins: Vec<Option<Origin>>,
    /// The lowest entry that the Dockerfile made.
    pub(super) first: Option<usize>,
    /// The FROM at the bottom of the stage.
    pub(super) from: SourcePlace,
    /// Whether that names nothing.
    pub(super) is_scratch: bool,
}

/// What is left of the comparisons that one image may cost.
struct Budget(usize);

impl Budget {
    fn take(&mut self, cost: usize) -> bool {
        let remaining = self.0.checked_sub(cost);
        self.0 = remaining.unwrap_or(0);
        remaining.is_some()
    }
}

/// What an instruction costs to put into words, in comparisons.
const WORDING: usize = 100;

/// The stage that fits best: the target where none is better. `None` where nothing can be compared. Entries below
/// `floor` are the base image's.
pub(super) fn fitted(
    build: &Build<'_>,
    entries: &[HistoryEntry],
    floor: usize,
    text: DockerfileText,
) -> Option<AlignedHistory> {
    let above = entries.get(floor..).filter(|above| above.iter().any(|entry| !entry.is_silent))?;
    let mut budget = Budget(align::MOST);
    let target = build.target()?;
    let mut best = fit_stage(build, target, above, &mut budget)?;
    if best.2 < score(best.1.steps, best.1.steps, 0) {
        for stage in build.stages().iter().filter(|stage| stage.index != target.index) {
            if let Some(fit) = fit_stage(build, stage, above, &mut budget)
                && fit.2 > best.2
            {
                best = fit;
            }
        }
    }
    let (expected, alignment, _) = best;
    let mut origins = vec![None; entries.len()];
    for &(step, entry, confidence) in &alignment.pairs {
        let step = &expected.steps[step];
        let place = place(build, step.index, text, PlaceCertainty::History, confidence, step.is_trigger);
        origins[floor + entry] = Some(of_instruction(build, step.index, place));
    }
    let stage = build.stages().get(expected.stage)?;
    let fit = HistoryFit {
        agreed: alignment.agreed,
        instructions: alignment.steps,
        stage: stage.title(),
        is_target: stage.index == target.index,
        later_steps: alignment
            .pairs
            .last()
            .map_or(0, |&(_, last, _)| above.iter().skip(last + 1).filter(|entry| !entry.is_silent).count()),
    };
    let first = alignment.pairs.first().map(|&(_, entry, _)| floor + entry);
    let from = place(build, expected.from, text, PlaceCertainty::History, Confidence::Text, true);
    Some(AlignedHistory { fit, origins, first, from, is_scratch: expected.is_scratch })
}

/// How well a history alone fits a Dockerfile; `None` where nothing can be compared.
pub fn fit(history: &[History], build: &Build<'_>) -> Option<HistoryFit> {
    let entries: Vec<HistoryEntry> = history.iter().map(HistoryEntry::of).collect();
    fitted(build, &entries, 0, DockerfileText::Given).map(|fitted| fitted.fit)
}

/// How well a stage fits: instructions that agree, less those that don't and entries that no instruction made.
fn score(agreed: usize, steps: usize, added: usize) -> i64 {
    let [agreed, steps, added] = [agreed, steps, added].map(|count| i64::try_from(count).unwrap_or(i64::MAX / 4));
    2 * agreed - steps - added
}

/// A stage beside the entries, and its score.
fn fit_stage(
    build: &Build<'_>,
    stage: &Stage,
    entries: &[HistoryEntry],
    budget: &mut Budget,
) -> Option<(ExpectedInstructions, Alignment, i64)> {
    let steps: usize = build.chain(stage).take(100_000).map(|stage| stage.instructions.len() + 1).sum();
    if !budget.take(steps.saturating_mul(2 * entries.len() + WORDING)) {
        return None;
    }
    let expected = ExpectedInstructions::of(build, stage)?;
    let alignment = align(&expected, entries);
    let above = alignment.pairs.first().map_or(0, |&(_, first, _)| entries.len() - first);
    let added = above - alignment.pairs.len().min(above);
    let score = score(alignment.agreed, alignment.steps, added);
    Some((expected, alignment, score))
}

/// Where an instruction stands.
pub(super) fn place(
    build: &Build<'_>,
    index: usize,
    text: DockerfileText,
    how: PlaceCertainty,
    confidence: Confidence,
    triggered: bool,
) -> SourcePlace {
    let instruction = build.instruction(index);
    SourcePlace {
        text,
        first_line: instruction.start_line,
        last_line: instruction.end_line,
        span: Some(instruction.span),
        instruction: Some(index),
        stage: build.stage_of(index).map(Stage::title),
        how,
        confidence,
        triggered,
    }
}

/// What an instruction at its place made; of ONBUILD it is the trigger that did.
pub(super) fn of_instruction(build: &Build<'_>, index: usize, place: SourcePlace) -> Origin {
    let instruction = if place.triggered { build.effective(index) } else { build.instruction(index) };
    Origin {
        instruction: Some(build.one_line(instruction)),
        keyword: Some(instruction.keyword),
        place: Some(place),
        unplaced: None,
    }
}

/// The lowest entry that triggers of the base image made, below the first one of the Dockerfile: entries that agree with
/// what the base's own history announces by ONBUILD (BuildKit announces nothing).
pub(super) fn triggered(entries: &[HistoryEntry], first: usize) -> usize {
    let announced: Vec<&HistoryEntry> =
        entries[..first].iter().filter(|entry| entry.keyword == Some(Keyword::Onbuild)).collect();
    let start = first - announced.len().min(first);
    let agree = |(entry, announced): (&HistoryEntry, &&HistoryEntry)| {
        let (keyword, text) = announced.text.split_once(char::is_whitespace).unwrap_or((&announced.text, ""));
        entry.keyword == Some(Keyword::of(keyword)) && entry.squeezed.ends_with(&super::pattern::squeezed(text))
    };
    if entries[start..first].iter().zip(&announced).all(agree) { start } else { first }
}
