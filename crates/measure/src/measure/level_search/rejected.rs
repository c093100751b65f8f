//! Which passes did not hold: those that a rewrite without an engine would want again.

use super::floor::ProofInput;
use crate::optimize::{Optimized, optimize};
use crate::proof::{RejectedPass, TriedLevels};
use crate::text::Source;

/// Times that passes are left out and others come up in their place.
const ROUNDS: usize = 8;

/// Characters of a reason.
const REASON: usize = 160;

/// What was tried, and the passes that did something in it.
pub(super) type Attempt = (TriedLevels, Vec<&'static str>);

/// The passes that change the texts which hold, or the original where none do, with what spoke against them.
pub(super) fn rejected(ground: &ProofInput<'_>, best: Option<&Optimized>, tried: &[Attempt]) -> Vec<RejectedPass> {
    let sources: &[Source] = best.map_or(&ground.inputs.sources, Optimized::result);
    let inputs = ground.inputs.with_sources(sources);
    let mut options = ground.options.clone();
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        let wanted = passes(&optimize(&inputs, ground.build, ground.evidence, &options));
        if wanted.is_empty() {
            break;
        }
        for pass in wanted {
            options.skip.insert(pass.to_owned());
            all.push(RejectedPass { pass: pass.to_owned(), reason: reason(pass, tried) });
        }
    }
    all
}

/// The passes that did something, each once.
pub(super) fn passes(optimized: &Optimized) -> Vec<&'static str> {
    let mut passes: Vec<&str> = Vec::new();
    for step in optimized.levels.iter().flat_map(|outcome| &outcome.steps) {
        if !passes.contains(&step.pass) {
            passes.push(step.pass);
        }
    }
    passes
}

/// What the last attempt with a pass failed for: it is the nearest to what holds.
fn reason(pass: &str, tried: &[Attempt]) -> String {
    let mut with = tried.iter().rev().filter(|(_, passes)| passes.contains(&pass));
    let fault = with.find_map(|(tried, _)| tried.fault());
    let fault = fault.unwrap_or_else(|| "it contradicts what a container of the original showed".to_owned());
    let line = fault.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= REASON { line } else { line.chars().take(REASON - 1).chain(['…']).collect() }
}
