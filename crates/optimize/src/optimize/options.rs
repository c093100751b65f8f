//! The user's options.

use std::collections::{BTreeMap, BTreeSet};

use super::level::LevelLimit;
use crate::fix::RuleRunner;

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rules whose fixes are applied.
    pub rules: &'static dyn RuleRunner,
    /// The highest level.
    pub level: LevelLimit,
    /// Passes that run; all where it is empty.
    pub only: BTreeSet<String>,
    /// Passes that don't.
    pub skip: BTreeSet<String>,
    /// Passes that the settings leave out, and why; one that is named in `only` runs.
    pub left_out: BTreeMap<String, String>,
    /// The image whose web server serves built files; `None` where the project's files or a table name one.
    pub server: Option<String>,
}

impl Options {
    /// All passes up to the level that is usual.
    pub fn new(rules: &'static dyn RuleRunner) -> Self {
        Self {
            rules,
            level: LevelLimit::default(),
            only: BTreeSet::new(),
            skip: BTreeSet::new(),
            left_out: BTreeMap::new(),
            server: None,
        }
    }
}
