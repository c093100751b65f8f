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

impl Pass {
    /// A pass of every level from its rung on.
    pub(super) const fn new(
        id: &'static str,
        rung: Rung,
        title: &'static str,
        run: fn(&PassInput, &mut PassOutput),
    ) -> Self {
        Self { info: PassInfo { id, rung, title, max: false }, run, assumes: ("", Support::Open) }
    }

    /// A pass that runs at `max` only.
    pub(super) const fn at_max(
        id: &'static str,
        rung: Rung,
        title: &'static str,
        run: fn(&PassInput, &mut PassOutput),
    ) -> Self {
        Self { info: PassInfo { id, rung, title, max: true }, run, assumes: ("", Support::Open) }
    }

    /// What its steps assume, unless they say so themselves.
    pub(super) const fn assuming(self, what: &'static str, support: Support) -> Self {
        Self { info: self.info, run: self.run, assumes: (what, support) }
    }
}
