//! Which line caused a change: layers and steps of two states, matched by their instructions.

use std::collections::{BTreeMap, HashMap};

use super::edit::{Edit, edited_pairs};
use super::figure::{FigureKind, FigureUnit, tolerance};
use super::join::step_text;
use super::state::{BuildState, LayerState, StepState};

/// What of a change one instruction explains.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeCause {
    /// Bytes or seconds; negative if it became less.
    pub change: f64,
    /// The instruction.
    pub instruction: String,
    /// Its first line: in the new Dockerfile, or in the old one if the instruction is no longer there.
    pub line: Option<u32>,
    /// Whether only one state has it: `added`, `removed`, `changed`.
    pub how: &'static str,
    /// What was edited, if the instruction replaces another one: its words that were added and removed.
    pub edit: Option<Edit>,
}

/// Seconds that a step must differ by to be named.
const LEAST_SECONDS: f64 = 1.0;

/// Bytes that a layer must differ by to be named.
const LEAST_BYTES: f64 = 100_000.0;

/// Steps that both builds need before they say how much slower one machine was.
const LEAST_STEPS: usize = 3;

/// What each instruction contributed to the change of a figure, the largest change first; empty if the results do not
/// say. `spread`: seconds by which runs of the build are known to differ.
pub fn causes(kind: FigureKind, before: &BuildState, after: &BuildState, spread: f64) -> Vec<ChangeCause> {
    let mut causes = match kind.unit() {
        FigureUnit::Bytes => size_causes(before, after),
        FigureUnit::Seconds => step_causes(kind, before, after, spread),
        FigureUnit::Steps => Vec::new(),
    };
    causes.sort_by(|cause, other| other.change.abs().total_cmp(&cause.change.abs()));
    causes
}

/// An amount, and where it comes from.
#[derive(Clone, Copy, Default)]
struct Share {
    amount: f64,
    line: Option<u32>,
}

/// The shares of a figure, by their instructions.
type Shares = BTreeMap<String, Share>;

fn size_causes(before: &BuildState, after: &BuildState) -> Vec<ChangeCause> {
    if before.layers.is_empty() || after.layers.is_empty() {
        return Vec::new();
    }
    let mut causes = differences(layer_shares(&before.layers), layer_shares(&after.layers));
    causes.retain(|cause| cause.change.abs() >= LEAST_BYTES);
    let base = |build: &BuildState| {
        let layers = build.layers.iter().filter(|layer| layer.in_base);
        super::read::number(layers.map(|layer| layer.bytes).fold(0, u64::saturating_add))
    };
    let change = base(after) - base(before);
    if change.abs() >= LEAST_BYTES {
        let instruction = match (&before.base, &after.base) {
            (Some(old), Some(new)) if old != new => format!("FROM {new} (before: {old})"),
            (_, Some(new)) => format!("FROM {new}"),
            (_, None) => "FROM".to_owned(),
        };
        causes.push(ChangeCause { change, instruction, line: after.base_line, how: "changed", edit: None });
    }
    causes
}

fn layer_shares(layers: &[LayerState]) -> Shares {
    summed(layers.iter().filter(|layer| !layer.in_base).map(|layer| {
        let text = layer.instruction.as_deref().map_or_else(|| "an unknown instruction".to_owned(), step_text);
        (text, Share { amount: super::read::number(layer.bytes), line: layer.line })
    }))
}

fn step_shares(steps: &[StepState], kind: FigureKind) -> Shares {
    let of_build = steps.iter().filter(|step| step.build == kind);
    summed(of_build.map(|step| (step_text(&step.name), Share { amount: step.seconds, line: step.line })))
}

/// The shares of equal instructions as one, with the first line that is known.
fn summed(all: impl Iterator<Item = (String, Share)>) -> Shares {
    let mut shares = Shares::new();
    for (text, Share { amount, line }) in all {
        let share = shares.entry(text).or_default();
        share.amount += amount;
        share.line = share.line.or(line);
    }
    shares
}

/// Seconds are blamed on a line whose instruction or inputs changed. A step that is the same as before has to differ by
/// more than runs of it are known to do, and by more than the machine was slower.
fn step_causes(kind: FigureKind, before: &BuildState, after: &BuildState, spread: f64) -> Vec<ChangeCause> {
    let (old, new) = (step_shares(&before.steps, kind), step_shares(&after.steps, kind));
    let (old_layers, new_layers) = (layer_shares(&before.layers), layer_shares(&after.layers));
    let pace = pace(&old, &new);
    let is_explained = |cause: &ChangeCause| {
        let (Some(former), None) = (old.get(&cause.instruction), &cause.edit) else { return true };
        let Some(latter) = new.get(&cause.instruction) else { return true };
        let bytes = |layers: &Shares| layers.get(&cause.instruction).map(|share| share.amount);
        let layers = bytes(&old_layers).zip(bytes(&new_layers));
        let inputs_changed = layers.is_some_and(|(old, new)| (new - old).abs() >= LEAST_BYTES);
        let least = tolerance(former.amount, spread);
        inputs_changed || (cause.change.abs() >= least && (latter.amount - former.amount * pace).abs() >= least)
    };
    let mut causes = differences(old.clone(), new.clone());
    causes.retain(|cause| cause.change.abs() >= LEAST_SECONDS && is_explained(cause));
    causes
}

/// How many times as long the steps took that both builds have: what a slower machine does to all of them. 1 if there are
/// too few to tell.
fn pace(before: &Shares, after: &Shares) -> f64 {
    let mut ratios: Vec<f64> = before
        .iter()
        .filter(|(_, share)| share.amount >= LEAST_SECONDS)
        .filter_map(|(text, share)| Some(after.get(text)?.amount / share.amount))
        .collect();
    if ratios.len() < LEAST_STEPS {
        return 1.0;
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// The differences of equal instructions, then of edited ones, then what only one state has.
fn differences(mut before: Shares, after: Shares) -> Vec<ChangeCause> {
    let mut causes = Vec::new();
    let mut added = HashMap::new();
    for (instruction, share) in after {
        if let Some(old) = before.remove(&instruction) {
            let change = share.amount - old.amount;
            causes.push(ChangeCause { change, instruction, line: share.line, how: "changed", edit: None });
        } else {
            added.insert(instruction, share);
        }
    }
    let place = |shares: &HashMap<String, Share>| -> Vec<(String, Option<u32>)> {
        let mut places: Vec<_> = shares.iter().map(|(text, share)| (text.clone(), share.line)).collect();
        places.sort();
        places
    };
    let mut removed: HashMap<String, Share> = before.into_iter().collect();
    for (old, new, edit) in edited_pairs(&place(&removed), &place(&added)) {
        let former = removed.remove(&old).unwrap_or_default();
        let latter = added.remove(&new).unwrap_or_default();
        let change = latter.amount - former.amount;
        causes.push(ChangeCause { change, instruction: new, line: latter.line, how: "changed", edit: Some(edit) });
    }
    let only = |(instruction, share): (String, Share), how: &'static str| {
        let sign = if how == "added" { 1.0 } else { -1.0 };
        ChangeCause { change: sign * share.amount, instruction, line: share.line, how, edit: None }
    };
    causes.extend(added.into_iter().map(|share| only(share, "added")));
    causes.extend(removed.into_iter().map(|share| only(share, "removed")));
    // Maps have no order, and equal changes need one.
    causes.sort_by(|cause, other| cause.instruction.cmp(&other.instruction));
    causes
}
