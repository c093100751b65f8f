//! Rung `flags`.

mod locks;
mod quiet;
mod safe;

use super::assumption::Support;
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
    )
    .assuming("has a lock file that fits its manifest", Support::Sources),
    Pass::new(
        "no-dev-dependencies",
        Rung::Flags,
        "leaves development dependencies out where nothing builds or starts with them",
        production::run,
    )
    .assuming("loads no development dependency", Support::Sources),
    Pass::new("quiet-installs", Rung::Flags, "asks for no audit and no funding messages in builds", quiet::run)
        .assuming("reads no message of an install", Support::Sources),
    Pass::new("safe-fixes", Rung::Flags, "applies the safe fixes of the rules", safe::run)
        .assuming("does the same by the rules that offer the fixes", Support::Sources),
];

#[cfg(test)]
mod tests;
