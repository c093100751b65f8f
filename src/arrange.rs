//! The order of a stage's instructions: what an install reads, the install and what else reads no source stand above the
//! copies of sources. Gives edits for one stage; chooses no stage and judges nothing.
//!
//! Only what is understood moves: a command that may read or prepare anything keeps what stands below it in place.

mod install_inputs;
mod elements;
mod command_needs;
mod split_run;
mod state;
mod text;
mod stage_walk;

pub use self::elements::{Element, elements};
use self::state::Walk;
pub use self::state::{ArrangedStage, Obstacle};
use crate::build::{Build, Stage};

/// The new order of a stage, where there is a better one, and the obstacles to a better one.
pub fn arrange(build: &Build, stage: &Stage) -> (Option<ArrangedStage>, Vec<Obstacle>) {
    let Some(context) = build.input().context.as_deref() else {
        return (None, Vec::new());
    };
    if !build.is_ordinary() {
        return (None, Vec::new());
    }
    Walk::new(build, stage, context).map_or_else(|| (None, Vec::new()), Walk::finish)
}
