//! Which line caused a change: layers and steps of two states, matched by their instructions.

use std::collections::HashMap;

use super::figure::{FigureKind, FigureUnit};
use super::join::step_text;
use super::state::{BuildState, LayerState, StepState};

/// What of a change one instruction explains.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeCause {
    /// Bytes or seconds; negative if it became less.
    pub change: f64,
    /// The instruction.
    pub instruction: String,
    /// Its first line: in the new Dockerfile, or in the old one if the instruction is no longer there.
    pub line: Option<u32>,
    /// Whether only one state has it: `added`, `removed`, `changed`.
    pub how: &'static str,
}

/// Seconds that a step must differ by to be named.
const LEAST_SECONDS: f64 = 1.0;

/// Bytes that a layer must differ by to be named.
const LEAST_BYTES: f64 = 100_000.0;

/// What each instruction contributed to the change of a figure, the largest change first; empty if the results do not
/// say.
pub fn causes(kind: FigureKind, before: &BuildState, after: &BuildState) -> Vec<ChangeCause> {
    let mut causes = match kind.unit() {
        FigureUnit::Bytes => size_causes(before, after),
        FigureUnit::Seconds => step_causes(kind, before, after),
        FigureUnit::Steps => Vec::new(),
    };
    causes.sort_by(|cause, other| other.change.abs().total_cmp(&cause.change.abs()));
    causes
}

/// An amount, and where it comes from.
#[derive(Default)]
struct Share {
    amount: f64,
    line: Option<u32>,
}

fn size_causes(before: &BuildState, after: &BuildState) -> Vec<ChangeCause> {
    if before.layers.is_empty() || after.layers.is_empty() {
        return Vec::new();
    }
    let shares = |layers: &[LayerState]| {
        let mut shares: HashMap<String, Share> = HashMap::new();
        for layer in layers.iter().filter(|layer| !layer.in_base) {
            let text = layer.instruction.as_deref().map_or_else(|| "an unknown instruction".to_owned(), step_text);
            let share = shares.entry(text).or_default();
            share.amount += super::read::number(layer.bytes);
            share.line = share.line.or(layer.line);
        }
        shares
    };
    let mut causes = differences(shares(&before.layers), shares(&after.layers), LEAST_BYTES);
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
        causes.push(ChangeCause { change, instruction, line: after.base_line, how: "changed" });
    }
    causes
}

fn step_causes(kind: FigureKind, before: &BuildState, after: &BuildState) -> Vec<ChangeCause> {
    let shares = |steps: &[StepState]| {
        let mut shares: HashMap<String, Share> = HashMap::new();
        for step in steps.iter().filter(|step| step.build == kind) {
            let share = shares.entry(step_text(&step.name)).or_default();
            share.amount += step.seconds;
            share.line = share.line.or(step.line);
        }
        shares
    };
    differences(shares(&before.steps), shares(&after.steps), LEAST_SECONDS)
}

fn differences(mut before: HashMap<String, Share>, after: HashMap<String, Share>, least: f64) -> Vec<ChangeCause> {
    if before.is_empty() && after.is_empty() {
        return Vec::new();
    }
    let mut causes = Vec::new();
    for (instruction, share) in after {
        let old = before.remove(&instruction);
        let how = if old.is_some() { "changed" } else { "added" };
        let change = share.amount - old.map_or(0.0, |old| old.amount);
        causes.push(ChangeCause { change, instruction, line: share.line, how });
    }
    for (instruction, share) in before {
        causes.push(ChangeCause { change: -share.amount, instruction, line: share.line, how: "removed" });
    }
    causes.retain(|cause| cause.change.abs() >= least);
    // Maps have no order, and equal changes need one.
    causes.sort_by(|cause, other| cause.instruction.cmp(&other.instruction));
    causes
}
