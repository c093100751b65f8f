//! Reorders a stage's instructions: an install, the files that it reads and commands that read no sources are moved
//! above the copies of sources. Produces edits for one stage; does not choose stages and judges nothing.
//!
//! Only commands that are understood move: a command that may read or create anything keeps the commands below it in
//! place.

mod install_inputs;
mod elements;
mod command_needs;
mod split_run;
mod reason;
mod state;
mod text;
mod stage_walk;

pub use self::elements::elements;
pub use self::reason::Reason;
use self::state::Walk;
pub use self::state::{ArrangedStage, Obstacle};
use crate::build::{Build, Stage};

/// The new order of a stage, if there is a better one, and the obstacles to a better one.
pub fn arrange(build: &Build, stage: &Stage) -> (Option<ArrangedStage>, Vec<Obstacle>) {
    let Some(context) = build.input().context.as_deref() else {
        return (None, Vec::new());
    };
    if !build.is_ordinary() {
        return (None, Vec::new());
    }
    Walk::new(build, stage, context).map_or_else(|| (None, Vec::new()), Walk::finish)
}
