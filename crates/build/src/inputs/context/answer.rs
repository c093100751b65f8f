//! Answers to what is asked of a context.

use std::fmt;
use std::sync::Arc;

use super::entry::{Amount, EntryId, ExcludedEntry};
use crate::ignore::PatternRefusal;

/// How a source fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceOutcome {
    /// It names something.
    Found,
    /// Its wildcards match nothing: the builder goes on without it.
    NothingMatches,
    /// It names nothing: the build fails. Holds the excluded entry at or above it, if that is why.
    Missing(Option<ExcludedEntry>),
}

/// What a source takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// How it fares.
    pub outcome: SourceOutcome,
    /// What it names itself, links followed; `None` is the context's root.
    pub tops: Vec<Option<EntryId>>,
    /// All that is copied, ascending: directories too, but not a top that is one.
    pub entries: Arc<[EntryId]>,
    /// Of `entries`.
    pub amount: Amount,
}

/// A source or an `--exclude` that the builder refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// A malformed pattern.
    Pattern,
    /// A negation of nothing in `--exclude`.
    Negation,
    /// Symlinks that lead in a circle.
    TooManyLinks,
}

impl From<PatternRefusal> for SourceError {
    fn from(refusal: PatternRefusal) -> Self {
        if refusal == PatternRefusal::Negation { Self::Negation } else { Self::Pattern }
    }
}

impl std::error::Error for SourceError {}

impl fmt::Display for SourceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern => PatternRefusal::Syntax.fmt(out),
            Self::Negation => PatternRefusal::Negation.fmt(out),
            Self::TooManyLinks => out.write_str("too many links"),
        }
    }
}

/// What is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFiles {
    /// Ascending, without directories.
    pub files: Arc<[EntryId]>,
    /// Of `files`.
    pub amount: Amount,
    /// Whether a source names the root, so that everything is fetched.
    pub whole: bool,
}
