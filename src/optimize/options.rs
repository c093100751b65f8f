//! The user's options.

use std::collections::{BTreeMap, BTreeSet};

use super::rung::{Level, Rung};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The highest rung.
    pub level: Level,
    /// Passes that run; all where it is empty.
    pub only: BTreeSet<String>,
    /// Passes that don't.
    pub skip: BTreeSet<String>,
    /// Passes that the settings leave out, and why; one that is named in `only` runs.
    pub left_out: BTreeMap<String, String>,
    /// Rungs that don't.
    pub without: BTreeSet<Rung>,
    /// The image whose web server serves built files; `None` where the project's files or a table name one.
    pub server: Option<String>,
}
