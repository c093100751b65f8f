//! Why a word can't be expanded, in the builder's wording.

use std::fmt;

use crate::dockerfile::quote::go_quote;

/// A word that the builder refuses, or that costs too much to expand.
///
/// `Display` is the builder's text: `failed to process "${A": syntax error: missing '}'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandError {
    /// The word as it was given.
    pub word: Box<str>,
    /// Byte offset in the word where the builder stopped reading.
    pub at: u32,
    /// What is wrong.
    pub kind: ExpandErrorKind,
}

/// What is wrong with a word. `Display` is the builder's text for it, without the word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpandErrorKind {
    /// A `'` without its partner.
    SingleQuote,
    /// A `"` without its partner.
    DoubleQuote,
    /// The word ends inside `${…`. The builder says so for whatever else is wrong there at the end of the word, too.
    MissingBrace,
    /// The word ends inside the pattern of `${name/pattern`.
    MissingSlash,
    /// `${}`, `${{`, `${:`.
    BadSubstitution,
    /// No operator: what follows the name, at most two characters; U+FFFD at the word's end.
    UnsupportedModifier(String),
    /// `${name?message}` or `${name:?message}` without the value it asks for.
    Required {
        /// The variable.
        name: String,
        /// Its message, or the builder's.
        message: String,
    },
    /// A glob with a `\` before something that needs none.
    InvalidPattern {
        /// The pattern as the builder prints it: backwards for `%` and `%%`.
        pattern: String,
        /// The character after `\`; U+FFFD at the pattern's end.
        escaped: char,
    },
    /// The builder would take more memory or time than this program grants; it has no such bound.
    TooCostly,
    /// A heredoc's name that reads differently with and without its quotes.
    Inconsistent,
}

impl fmt::Display for ExpandErrorKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNCLOSED: &str = "unexpected end of statement while looking for matching";
        match self {
            Self::SingleQuote => write!(out, "{UNCLOSED} single-quote"),
            Self::DoubleQuote => write!(out, "{UNCLOSED} double-quote"),
            Self::MissingBrace => out.write_str("syntax error: missing '}'"),
            Self::MissingSlash => out.write_str("syntax error: missing '/' in ${}"),
            Self::BadSubstitution => out.write_str("syntax error: bad substitution"),
            Self::UnsupportedModifier(modifier) => write!(out, "unsupported modifier ({modifier}) in substitution"),
            Self::Required { name, message } => write!(out, "{name}: {message}"),
            Self::InvalidPattern { pattern, escaped } => {
                write!(out, "invalid pattern ({pattern}) in substitution: invalid escape '\\{escaped}'")
            }
            Self::TooCostly => out.write_str("the expansion takes too much memory or time"),
            Self::Inconsistent => out.write_str("internal lexing of heredoc produced inconsistent results"),
        }
    }
}

impl fmt::Display for ExpandError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExpandErrorKind::Inconsistent => write!(out, "{}: {}", self.kind, self.word),
            kind => write!(out, "failed to process {}: {kind}", go_quote(&self.word)),
        }
    }
}

impl std::error::Error for ExpandError {}
