//! The order of a stage's instructions: what an install reads, the install and what else reads no source stand above the
//! copies of sources. Gives edits for one stage; chooses no stage and judges nothing.
//!
//! Only what is understood moves: a command that may read or prepare anything keeps what stands below it in place.

mod closure;
mod elements;
mod nature;
mod rising;
mod text;
mod walk;

use std::collections::BTreeSet;

pub use self::elements::{Element, elements};
use crate::build::{Build, Stage};
use crate::text::Edit;

/// A stage in a new order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arranged {
    /// What to change in the Dockerfile.
    pub edits: Vec<Edit>,
    /// Files of the context that are copied first.
    pub files: BTreeSet<String>,
    /// Commands that no source change runs again any more, as people name them.
    pub commands: Vec<String>,
}

/// Why an install stays below the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The command, as people name it.
    pub command: String,
    /// The reason, in one sentence without a full stop.
    pub why: String,
}

/// The new order of a stage, where there is a better one, and what hinders more.
pub fn arrange(build: &Build, stage: &Stage) -> (Option<Arranged>, Vec<Obstacle>) {
    let Some(context) = build.input().context.as_deref().filter(|_| build.is_ordinary()) else {
        return (None, Vec::new());
    };
    walk::Walk::new(build, stage, context).map_or_else(|| (None, Vec::new()), walk::Walk::finish)
}
