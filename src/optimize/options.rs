//! The user's options.

use std::collections::{BTreeMap, BTreeSet};

use super::level::{Level, LevelLimit};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The highest level.
    pub level: LevelLimit,
    /// Passes that run; all where it is empty.
    pub only: BTreeSet<String>,
    /// Passes that don't.
    pub skip: BTreeSet<String>,
    /// Passes that the settings leave out, and why; one that is named in `only` runs.
    pub left_out: BTreeMap<String, String>,
    /// Levels that don't.
    pub without: BTreeSet<Level>,
    /// The image whose web server serves built files; `None` where the project's files or a table name one.
    pub server: Option<String>,
}
