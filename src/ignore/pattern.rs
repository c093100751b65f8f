//! One ignore pattern: the builder's checks, and the cheapest form that decides the same.

use std::fmt;

use crate::ignore::glob::path_match;
use crate::ignore::name::clean;
use crate::ignore::regexp::{compile, rewrite};
use crate::ignore::steps::{Assertion, Set, Step, fits};

/// Why the builder refuses an ignore file or a list of patterns, in its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A pattern is malformed.
    Syntax,
    /// A `!` with nothing behind it.
    Negation,
    /// A line of 64 KiB or more.
    LineTooLong,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Syntax => "syntax error in pattern",
            Self::Negation => "illegal exclusion pattern: \"!\"",
            Self::LineTooLong => "bufio.Scanner: token too long",
        })
    }
}

impl std::error::Error for Refusal {}

/// Checks a pattern as the matcher gets it: its text without `!`, and whether there was one. `None` for a blank one.
pub(crate) fn admit(pattern: &str) -> Result<Option<(String, bool)>, Refusal> {
    let pattern = pattern.trim();
    if pattern.is_empty() {
        return Ok(None);
    }
    let cleaned = clean(pattern);
    let (text, negated) = match cleaned.strip_prefix('!') {
        Some("") => return Err(Refusal::Negation),
        Some(text) => (text.to_owned(), true),
        None => (cleaned, false),
    };
    path_match(&text, ".").map_err(|_| Refusal::Syntax)?;
    Ok(Some((text, negated)))
}

/// A pattern ready to match.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// The path itself.
    Exact(Box<str>),
    /// Paths that start so.
    Prefix(Box<str>),
    /// Paths that end so; with a slash first, also the whole path without it.
    Suffix(Box<str>),
    /// Anything else: text that the path must start and end with, then the steps.
    Steps { head: Box<str>, tail: Box<str>, steps: Box<[Step]> },
    /// Passed the check, yet the builder fails as soon as it tries the pattern.
    Uncompilable,
}

impl Form {
    pub(crate) fn of(text: &str) -> Self {
        let stars = text.find("**");
        let special = text.contains(['*', '?', '[', ']', '\\']);
        match stars {
            None if !special => return Self::Exact(text.into()),
            Some(0) if !text[2..].contains(['*', '?', '[', ']', '\\']) => return Self::Suffix(text[2..].into()),
            Some(at) if at > 0 && at + 2 == text.len() && !text[..at].contains(['*', '?', '[', ']', '\\']) => {
                return Self::Prefix(text[..at].into());
            }
            _ => {}
        }
        let Ok(steps) = compile(&rewrite(text)) else { return Self::Uncompilable };
        // The first step says "start", so the literal head begins after it; the tail is known if the last says "end".
        let head = steps.iter().skip(1).map_while(literal).collect::<String>();
        let ended = matches!(steps.last(), Some(Step::Assert(Assertion::End)));
        let tail: String = steps.iter().rev().skip(1).map_while(literal).filter(|_| ended).collect();
        let tail: String = tail.chars().rev().collect();
        Self::Steps { head: head.into(), tail: tail.into(), steps: steps.into() }
    }

    /// Whether the pattern takes this very path; `None` when the builder would fail.
    pub(crate) fn takes(&self, path: &str) -> Option<bool> {
        Some(match self {
            Self::Exact(text) => path == &**text,
            Self::Prefix(text) => path.starts_with(&**text),
            Self::Suffix(text) => path.ends_with(&**text) || text.strip_prefix('/') == Some(path),
            Self::Steps { head, tail, steps } => {
                path.starts_with(&**head) && path.ends_with(&**tail) && fits(steps, path)
            }
            Self::Uncompilable => return None,
        })
    }
}

fn literal(step: &Step) -> Option<char> {
    match step {
        Step::One(Set::Only(one)) => Some(*one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: Result<Option<(&str, bool)>, Refusal>) {
        let expected = expected.map(|found| found.map(|(text, negated)| (text.to_owned(), negated)));
        assert_eq!(admit(pattern), expected, "{pattern:?}");
    }

    #[test]
    fn patterns_are_checked_as_the_builder_checks_them() {
        check(" a/ ", Ok(Some(("a", false))));
        check("!!a", Ok(Some(("!a", true))));
        check("  ", Ok(None));
        check("!/", Err(Refusal::Negation));
        check("[a", Err(Refusal::Syntax));
        check("[b-a]", Ok(Some(("[b-a]", false))));
    }

    #[test]
    fn a_leading_double_star_is_a_plain_suffix() {
        assert_eq!(Form::of("**a").takes("xa"), Some(true));
        assert_eq!(Form::of("**.b").takes("x/y.b"), Some(true));
        assert_eq!(Form::of("**/a").takes("xa"), Some(false));
    }

    #[test]
    fn short_forms_decide_as_the_expression_would() {
        let paths = ["a", "b", "a/b", "x/a", "x/y/a", "ab", "a.b", "a/", "xa", "x/ab", "a/b/c", "é/a", ""];
        for pattern in ["a", "**/a", "a/**", "a**", "**", "**/a/b", "a.b"] {
            let steps = compile(&rewrite(pattern)).unwrap();
            for path in paths {
                assert_eq!(Form::of(pattern).takes(path), Some(fits(&steps, path)), "{pattern:?} on {path:?}");
            }
        }
    }
}
