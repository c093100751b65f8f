//! What is said about a place of a source file: a finding, a problem.

use std::ops::Range;

use super::Text;
use crate::finding::Severity;
use crate::text::LineColumn;

/// A message about lines of a file.
#[derive(Clone, Debug)]
pub(in crate::report) struct Remark {
    pub severity: Severity,
    pub message: String,
    /// The rule, and the address of its page; empty where an input itself is wrong.
    pub rule: &'static str,
    pub url: Option<String>,
    /// The file, and the place in it where it is known.
    pub file: String,
    pub place: Option<LineColumn>,
    pub excerpt: Option<SourceExcerpt>,
    /// What is said of the further places of the excerpt.
    pub labels: Vec<String>,
    /// What else is said, each with the word that it begins with: `help`, `note`.
    pub notes: Vec<(&'static str, Text)>,
    pub fix: Option<RemarkFix>,
    /// Its name in an address.
    pub anchor: Option<String>,
}

/// How what a remark is about can be repaired.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct RemarkFix {
    pub title: String,
    /// Why it may change more than it should; `None` where it is safe.
    pub risk: Option<String>,
    pub command: String,
    /// What it changes, as a unified diff, for readers who get it.
    pub diff: Option<String>,
}

/// Lines of a source file; secrets are masked.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct SourceExcerpt {
    /// Name of the file; empty where it is said already.
    pub file: String,
    /// Number of the first line.
    pub first_line: u32,
    pub lines: Vec<String>,
    /// Lines that are meant, by number.
    pub marked: Vec<u32>,
    /// Whether the start of a line is left out, so that columns are not those of the source.
    pub is_clipped: bool,
    /// Stretches that are meant, as offsets in the lines joined by line ends, the main one first; `None` for one that lies
    /// elsewhere.
    pub places: Vec<Option<Range<usize>>>,
}
