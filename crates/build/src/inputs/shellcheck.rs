//! What `ShellCheck` says about scripts, as plain data.

use std::collections::BTreeMap;

/// What `ShellCheck` says about each script, by the script's whole text.
pub type ShellcheckAnswers = BTreeMap<String, Vec<ShellcheckComment>>;

/// One of `ShellCheck`'s findings. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShellcheckComment {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column behind the last character.
    pub end_column: u32,
    /// The number of its code: 2086 of `SC2086`.
    pub code: u16,
    /// How bad.
    pub level: ShellcheckLevel,
    /// What is wrong.
    pub message: String,
}

/// How bad `ShellCheck` finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShellcheckLevel {
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`
    Info,
    /// `style`
    Style,
}
