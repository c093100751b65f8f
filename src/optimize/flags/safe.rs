//! `safe-fixes`: what rules find and mend without a risk.

use crate::build::Build;
use crate::finding::Finding;
use crate::fix::Level;
use crate::inputs::Inputs;
use crate::optimize::mend;
use crate::optimize::scene::{Scene, Turn};
use crate::rules::{Line, Policies};

pub(super) fn run(scene: &Scene, turn: &mut Turn) {
    let (policies, _) = Policies::read(scene.inputs, &Line::default());
    let vet = |_: &Inputs, _: &Build, _: &mut Finding| {};
    let mended = mend::mended(scene, &policies, Level::Safe, &vet);
    let Some(edit) = mended.edit else { return };
    let mut titles: Vec<String> = mended.done.into_iter().map(|(rule, title)| format!("{title} ({rule})")).collect();
    titles.dedup();
    turn.step(titles.join("; "), "the rules call these fixes safe", vec![edit]);
}
