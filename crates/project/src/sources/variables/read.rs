//! What is read, and the rows of the table that tell.

use std::collections::BTreeSet;

use crate::data;
use crate::manifest::{Ecosystem, FileKind};

/// What a program does without a variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absence {
    /// It fails.
    Fails,
    /// It continues, or nothing is known.
    Continues,
    /// It takes a default: its text, if it is a constant.
    Default(Option<String>),
}

/// A place where a variable is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariableRead {
    /// The offset of the name.
    pub at: usize,
    /// The variable.
    pub name: String,
    /// What the program does without it.
    pub absence: Absence,
}

/// The variables that a source file reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariableReads {
    /// By their places.
    pub reads: Vec<VariableRead>,
    /// Variables that it sets, for itself or for programs that it starts.
    pub sets: BTreeSet<String>,
    /// What the names of further variables begin with.
    pub prefixes: BTreeSet<String>,
    /// Where it reads variables whose names only running it tells.
    pub unknown: Option<usize>,
}

/// A row of the table.
#[derive(Clone, Copy)]
pub(super) struct ReadRow {
    pub(super) pattern: &'static str,
    pub(super) form: &'static str,
    pub(super) fails: bool,
}

/// The rows that apply to a text.
pub(super) struct ReadRows(Vec<ReadRow>);

impl ReadRows {
    pub(super) fn of(kind: FileKind, text: &str) -> Self {
        let is_node = kind.ecosystem() == Some(Ecosystem::Node);
        let rows = data::VARIABLE_READS.rows().filter_map(|row| match row {
            &[language, pattern, form, absent, needs, ..] => {
                let is_language = language == "-" || language == kind.language() || language == "JavaScript" && is_node;
                let has_need = || needs == "-" || needs.split('|').any(|word| text.contains(word));
                (is_language && has_need()).then(|| ReadRow { pattern, form, fails: absent == "fails" })
            }
            _ => None,
        });
        Self(rows.collect())
    }

    pub(super) fn with(&self, form: &'static str) -> impl Iterator<Item = ReadRow> + '_ {
        self.0.iter().copied().filter(move |row| row.form == form)
    }
}

/// Whether a text may be the name of a variable that people set: capital letters, digits and underscores.
pub(super) fn is_variable_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.contains(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Bytes in front of a place that are looked at.
pub(super) const BEFORE: usize = 2_000;

/// The line up to a place, or the end of a long one.
pub(super) fn line_before(text: &str, at: usize) -> &str {
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    text[start..at].rsplit('\n').next().unwrap_or_default()
}

/// Reads of a kind that are looked at in a file; no file that people write has more.
pub(super) const MOST: usize = 2_000;
