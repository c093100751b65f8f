//! Lays the instructions of a stage beside a history, from its end backwards: what is left at the front belongs to the
//! base image.

use super::Confidence;
use super::entry::HistoryEntry;
use super::expected::{ExpectedInstructions, ExpectedStep};

/// Steps and entries that belong together.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// Step and entry by their numbers, ascending, and how well they agree.
    pub(super) pairs: Vec<(usize, usize, Confidence)>,
    /// Steps that a history has to have.
    pub(super) steps: usize,
    /// Those of them that agree in more than their kind.
    pub(super) agreed: usize,
}

/// Pairs of a step and an entry that are compared for one image.
pub(super) const MOST: usize = 4_000_000;

/// What a pair is worth. An instruction that has changed keeps its place between others, and the more so the less it
/// has changed.
fn worth(step: &ExpectedStep, entry: &HistoryEntry, confidence: Confidence) -> i32 {
    match confidence {
        Confidence::Exact => 20,
        Confidence::Text => 18,
        Confidence::Kind => 2 + step.likeness(entry),
    }
}

/// What an instruction without an entry costs.
fn left_out(step: &ExpectedStep) -> i32 {
    if step.is_optional { 0 } else { 2 }
}

/// What an entry that no instruction made costs, above the first one that some instruction did.
const ADDED: i32 = 3;

/// The best way to lay a stage's instructions beside a history.
pub(super) fn align(expected: &ExpectedInstructions, entries: &[HistoryEntry]) -> Alignment {
    let (rows, columns) = (expected.steps.len(), entries.len());
    let compare = |step: &ExpectedStep, entry: &HistoryEntry| {
        let confidence = step.agreement(entry)?;
        Some((confidence, worth(step, entry, confidence)))
    };
    let agreement: Vec<Option<(Confidence, i32)>> =
        expected.steps.iter().flat_map(|step| entries.iter().map(|entry| compare(step, entry))).collect();
    // The best score of the first steps beside the first entries; entries before the first pair cost nothing.
    let width = columns + 1;
    let mut best = vec![0; (rows + 1) * width];
    for row in 1..=rows {
        let cost = left_out(&expected.steps[row - 1]);
        best[row * width] = best[(row - 1) * width] - cost;
        for column in 1..=columns {
            let pair = agreement[(row - 1) * columns + column - 1]
                .map(|(_, worth)| best[(row - 1) * width + column - 1] + worth);
            let without_step = best[(row - 1) * width + column] - cost;
            let without_entry = best[row * width + column - 1] - ADDED;
            best[row * width + column] = without_step.max(without_entry).max(pair.unwrap_or(i32::MIN));
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (rows, columns);
    while row > 0 && column > 0 {
        let here = best[row * width + column];
        let cell = agreement[(row - 1) * columns + column - 1];
        if let Some((confidence, _)) = cell.filter(|(_, worth)| best[(row - 1) * width + column - 1] + worth == here) {
            (row, column) = (row - 1, column - 1);
            pairs.push((row, column, confidence));
        } else if best[row * width + column - 1] - ADDED == here {
            column -= 1;
        } else {
            row -= 1;
        }
    }
    pairs.reverse();
    // Instructions of the base image are of the same kinds, so the lowest pair has to agree in more.
    let first = pairs.iter().position(|(.., confidence)| *confidence != Confidence::Kind).unwrap_or(pairs.len());
    pairs.drain(..first);
    let counted = |step: &ExpectedStep| !step.is_optional;
    Alignment {
        steps: expected.steps.iter().filter(|step| counted(step)).count(),
        agreed: pairs
            .iter()
            .filter(|(step, _, confidence)| *confidence != Confidence::Kind && counted(&expected.steps[*step]))
            .count(),
        pairs,
    }
}
