//! A filter of paths that is typed: plain text or a regular expression, in whole paths, ASCII letters in either case.

use regex::bytes::{Regex, RegexBuilder};

use crate::image::{PathId, Paths};

/// Bytes of memory that a regular expression takes at most.
const LIMIT: usize = 1 << 20;

/// The text that is typed, and how it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FilterText {
    pub(super) text: String,
    pub(super) is_regex: bool,
}

/// Which paths are shown.
#[derive(Clone, Debug)]
pub(super) struct PathFilter(Regex);

impl PathFilter {
    /// `None` where no text is typed.
    ///
    /// # Errors
    /// When the text is no regular expression, or one that takes too much memory.
    pub(super) fn new(typed: &FilterText) -> Result<Option<Self>, String> {
        if typed.text.is_empty() {
            return Ok(None);
        }
        let pattern = if typed.is_regex { typed.text.clone() } else { regex::escape(&typed.text) };
        let regex = RegexBuilder::new(&pattern)
            .unicode(false)
            .case_insensitive(true)
            .size_limit(LIMIT)
            .dfa_size_limit(LIMIT)
            .build();
        match regex {
            Ok(regex) => Ok(Some(Self(regex))),
            Err(regex::Error::CompiledTooBig(_)) => Err("the regular expression is too large".to_owned()),
            Err(_) => Err("not a regular expression yet".to_owned()),
        }
    }

    /// Whether the filter accepts a path, which is written into the buffer as `/usr/lib`.
    pub(super) fn is_match(&self, paths: &Paths, path: PathId, buffer: &mut Vec<u8>) -> bool {
        paths.write(path, buffer);
        buffer.insert(0, b'/');
        self.0.is_match(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_regex: bool, expected: &[&str]) {
        let mut paths = Paths::default();
        for path in ["usr/lib/libc.so", "usr/LIB64", "srv/a+b", "\u{e4}"] {
            paths.intern(path.as_bytes()).unwrap();
        }
        paths.intern(b"\xff.so").unwrap();
        let filter = PathFilter::new(&FilterText { text: text.to_owned(), is_regex }).unwrap().unwrap();
        let mut buffer = Vec::new();
        let matches = paths.all().skip(1).filter(|&path| filter.is_match(&paths, path, &mut buffer));
        let matches: Vec<String> = matches.map(|path| paths.text(path)).collect();
        assert_eq!(matches, expected, "{text}");
    }

    #[test]
    fn texts_and_expressions_are_looked_for_in_whole_paths() {
        check("lib", false, &["usr/lib", "usr/lib/libc.so", "usr/LIB64"]);
        check("/lib", false, &["usr/lib", "usr/lib/libc.so", "usr/LIB64"]);
        check("a+b", false, &["srv/a+b"]);
        check(r"^/usr/[^/]+$", true, &["usr/lib", "usr/LIB64"]);
        check(r"\.so$", true, &["usr/lib/libc.so", "\u{fffd}.so"]);
        check("\u{e4}", false, &["\u{e4}"]);
    }

    #[test]
    fn bad_expressions_are_no_filter() {
        let error = |text: &str| {
            PathFilter::new(&FilterText { text: text.to_owned(), is_regex: true }).map(|_| ()).unwrap_err()
        };
        assert_eq!(error("a("), "not a regular expression yet");
        assert_eq!(error("(((a{100}){100}){100})"), "the regular expression is too large");
        assert!(matches!(PathFilter::new(&FilterText::default()), Ok(None)));
    }
}
