//! Rung 4: the slim twin of the base, and what it lacks.

use super::pass::Pass;
use super::rung::Rung;
use super::scene::{Scene, Turn};

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new("slim-runtime", Rung::Slim, "stand on the slim base", runtime),
    Pass::new("slim-builder", Rung::Slim, "build on the slim base", builder),
];

fn runtime(_scene: &Scene, _turn: &mut Turn) {}

fn builder(_scene: &Scene, _turn: &mut Turn) {}
