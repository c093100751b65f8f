//! One ignore pattern: the builder's checks, and the cheapest form that decides the same.

use std::fmt;

use crate::ignore::class::Set;
use crate::ignore::glob::path_match;
use crate::ignore::name::clean;
use crate::ignore::regexp::{compile, rewrite};
use crate::ignore::steps::{Assertion, PatternStep, fits};

/// Why the builder refuses an ignore file or a list of patterns, in its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternRefusal {
    /// A pattern is malformed.
    Syntax,
    /// A `!` with nothing behind it.
    Negation,
    /// A line of 64 KiB or more.
    LineTooLong,
}

impl fmt::Display for PatternRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Syntax => "syntax error in pattern",
            Self::Negation => "illegal exclusion pattern: \"!\"",
            Self::LineTooLong => "bufio.Scanner: token too long",
        })
    }
}

impl std::error::Error for PatternRefusal {}

/// Checks a pattern as the matcher gets it: its text without `!`, and whether there was one. `None` for a blank one.
pub(crate) fn admit(pattern: &str) -> Result<Option<(String, bool)>, PatternRefusal> {
    let pattern = pattern.trim();
    if pattern.is_empty() {
        return Ok(None);
    }
    let cleaned = clean(pattern);
    let (text, negated) = match cleaned.strip_prefix('!') {
        Some("") => return Err(PatternRefusal::Negation),
        Some(text) => (text.to_owned(), true),
        None => (cleaned, false),
    };
    path_match(&text, ".").map_err(|_| PatternRefusal::Syntax)?;
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
    Steps { head: Box<str>, tail: Box<str>, alternatives: Box<[Vec<PatternStep>]> },
    /// Passed the check, yet the builder fails as soon as it tries the pattern.
    Uncompilable,
}

impl Form {
    pub(crate) fn of(text: &str) -> Self {
        let plain = |text: &str| !text.contains(['*', '?', '[', ']', '\\']);
        if plain(text) {
            return Self::Exact(text.into());
        }
        if let Some(rest) = text.strip_prefix("**").filter(|rest| plain(rest)) {
            return Self::Suffix(rest.into());
        }
        let marked = text.strip_prefix("\u{feff}**").map(|rest| rest.strip_suffix('\\').unwrap_or(rest));
        if marked.is_some_and(plain) {
            // The builder skips the mark, takes the rest for a suffix, and then cuts two bytes off the mark.
            return Self::Steps { head: "".into(), tail: "".into(), alternatives: Box::default() };
        }
        if let Some(rest) = text.strip_suffix("**").filter(|rest| plain(rest)) {
            return Self::Prefix(rest.into());
        }
        let Ok(alternatives) = compile(&rewrite(text)) else { return Self::Uncompilable };
        let (head, tail) = match &*alternatives {
            [steps] => ends(steps),
            _ => (String::new(), String::new()),
        };
        Self::Steps { head: head.into(), tail: tail.into(), alternatives: alternatives.into() }
    }

    /// Steps in memory.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Steps { alternatives, .. } => alternatives.iter().map(Vec::len).sum(),
            _ => 1,
        }
    }

    /// Whether the pattern falls into parts that each take a path by themselves.
    pub(crate) fn has_alternatives(&self) -> bool {
        matches!(self, Self::Steps { alternatives, .. } if alternatives.len() > 1)
    }

    /// Whether the pattern takes this very path; `None` when the builder would fail.
    pub(crate) fn matches_path(&self, path: &str) -> Option<bool> {
        Some(match self {
            Self::Exact(text) => path == &**text,
            Self::Prefix(text) => path.starts_with(&**text),
            Self::Suffix(text) => path.ends_with(&**text) || text.strip_prefix('/') == Some(path),
            Self::Steps { head, tail, alternatives } => {
                let framed = path.starts_with(&**head) && path.ends_with(&**tail);
                framed && alternatives.iter().any(|steps| fits(steps, path))
            }
            Self::Uncompilable => return None,
        })
    }
}

/// The literal text that a match begins and ends with, as far as the steps want all of the path.
fn ends(steps: &[PatternStep]) -> (String, String) {
    let text = |steps: &mut dyn Iterator<Item = &PatternStep>| steps.map_while(literal).collect::<String>();
    let anchored = steps.first() == Some(&PatternStep::Assert(Assertion::Start));
    let ended = steps.last() == Some(&PatternStep::Assert(Assertion::End));
    let head = if anchored { text(&mut steps.iter().skip(1)) } else { String::new() };
    let tail = if ended { text(&mut steps.iter().rev().skip(1)) } else { String::new() };
    (head, tail.chars().rev().collect())
}

fn literal(step: &PatternStep) -> Option<char> {
    match step {
        PatternStep::One(Set::Only(character)) => Some(*character),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: Result<Option<(&str, bool)>, PatternRefusal>) {
        let expected = expected.map(|pattern| pattern.map(|(text, negated)| (text.to_owned(), negated)));
        assert_eq!(admit(pattern), expected, "{pattern:?}");
    }

    #[test]
    fn patterns_are_checked_as_the_builder_checks_them() {
        check(" a/ ", Ok(Some(("a", false))));
        check("!!a", Ok(Some(("!a", true))));
        check("  ", Ok(None));
        check("!/", Err(PatternRefusal::Negation));
        check("[a", Err(PatternRefusal::Syntax));
        check("[b-a]", Ok(Some(("[b-a]", false))));
    }

    #[test]
    fn a_leading_double_star_is_a_plain_suffix() {
        assert_eq!(Form::of("**a").matches_path("xa"), Some(true));
        assert_eq!(Form::of("**.b").matches_path("x/y.b"), Some(true));
        assert_eq!(Form::of("**/a").matches_path("xa"), Some(false));
    }

    #[test]
    fn short_forms_decide_as_the_expression_would() {
        let paths = ["a", "b", "a/b", "x/a", "x/y/a", "ab", "a.b", "a/", "xa", "x/ab", "a/b/c", "é/a", ""];
        for pattern in ["a", "**/a", "a/**", "a**", "**", "**/a/b", "a.b"] {
            let alternatives = compile(&rewrite(pattern)).unwrap();
            for path in paths {
                assert_eq!(
                    Form::of(pattern).matches_path(path),
                    Some(fits(&alternatives[0], path)),
                    "{pattern:?} on {path:?}"
                );
            }
        }
    }
}
