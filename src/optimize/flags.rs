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
        "installs the locked versions where the lock file is up to date",
        locks::run,
    )
    .assuming("the lock file is up to date", Support::Sources),
    Pass::new(
        "no-dev-dependencies",
        Rung::Flags,
        "omits dev dependencies where no build step and no program needs them",
        production::run,
    )
    .assuming("the program loads no dev dependency", Support::Sources),
    Pass::new("quiet-installs", Rung::Flags, "turns off audit and funding messages in builds", quiet::run)
        .assuming("no one reads the messages of an install", Support::Sources),
    Pass::new("safe-fixes", Rung::Flags, "applies the safe fixes of the rules", safe::run)
        .assuming("the fixed instructions do the same", Support::Sources),
];

#[cfg(test)]
mod tests;
