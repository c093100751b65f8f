//! Rung `flags`.

mod locks;
mod quiet;
mod safe;

use super::pass::Pass;
use super::production;
use super::rung::Rung;

/// Its passes.
pub(super) const PASSES: &[Pass] = &[
    Pass::new(
        "lock-respecting-install",
        Rung::Flags,
        "installs what the lock file says, where it fits the manifest",
        locks::run,
    ),
    Pass::new(
        "no-dev-dependencies",
        Rung::Flags,
        "leaves development dependencies out where nothing builds or starts with them",
        production::run,
    ),
    Pass::new("quiet-installs", Rung::Flags, "asks for no audit and no funding messages in builds", quiet::run),
    Pass::new("safe-fixes", Rung::Flags, "applies the safe fixes of the rules", safe::run),
];

#[cfg(test)]
mod tests;
