//! The type of a pass.

use super::assumption::Support;
use super::pass_input::{PassInput, PassOutput};
use super::rung::Rung;

/// What a pass is called and where it stands on the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassInfo {
    /// The name that `--only` and `--skip` take.
    pub id: &'static str,
    /// Its rung.
    pub rung: Rung,
    /// What it does, in one line.
    pub title: &'static str,
    /// Whether it runs at `--level max` only.
    pub max: bool,
}

/// A pass: what it is, and the function that answers with edits.
pub(super) struct Pass {
    /// What it is.
    pub info: PassInfo,
    /// Looks at the build as it is now, and says what to change.
    pub run: fn(&PassInput, &mut PassOutput),
    /// What its steps assume that say nothing of their own, and what supports that.
    pub assumes: (&'static str, Support),
}
