//! The list of passes, in the order of their rungs. The rung (level) of a pass is set where the pass is declared: `hygiene.rs`,
//! `compiled.rs` and their neighbours.

use super::pass::{Pass, PassInfo};
use super::{app_folder, compiled, flags, hygiene, ignore, node, order, python, scripted, server, slim};

/// All in the order of their running; rungs never go down.
pub(super) fn all_passes() -> impl Iterator<Item = &'static Pass> {
    let stages = [app_folder::PASSES, python::STAGES, node::STAGES, compiled::STAGES, scripted::STAGES];
    let lists = [ignore::PASSES, order::PASSES, compiled::MOUNTS, flags::PASSES].into_iter();
    lists
        .chain(stages)
        .chain([
            compiled::BASES,
            slim::PASSES,
            compiled::MENDED,
            hygiene::COMMANDS,
            compiled::SCRATCH,
            hygiene::PASSES,
            server::PASSES,
            node::SERVERS,
        ])
        .flatten()
}

/// What there is, in the order of running.
pub fn passes() -> impl Iterator<Item = PassInfo> {
    all_passes().map(|pass| pass.info)
}
