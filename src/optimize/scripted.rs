//! Rung 3 for Ruby and PHP projects: dependencies in a stage of their own.

use super::pass::Pass;
use super::rung::Rung;
use super::scene::{Scene, Turn};

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new("bundler-stages", Rung::Stages, "install gems in a stage of their own", skip),
    Pass::new("composer-stages", Rung::Stages, "install Composer packages in a stage of their own", skip),
];

fn skip(_scene: &Scene, _turn: &mut Turn) {}
