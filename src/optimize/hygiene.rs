//! Rung 5: the user, the check of health, the form of commands, secrets in the image's config.

use super::pass::Pass;
use super::rung::Rung;
use super::scene::{Scene, Turn};

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new("exec-form", Rung::Hygiene, "start the program without a shell in front", skip),
    Pass::new("secret-env", Rung::Hygiene, "take secrets out of the image's config", skip),
    Pass::new("healthcheck", Rung::Hygiene, "check that the service answers", skip),
    Pass::new("non-root", Rung::Hygiene, "run as a user without rights", skip),
];

fn skip(_scene: &Scene, _turn: &mut Turn) {}
