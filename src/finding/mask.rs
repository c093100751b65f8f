//! Masking: secret values never reach a result.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::text::Source;

/// The secret values of a run. Texts that enter a result go through it.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    values: BTreeSet<String>,
    /// Finds all values in one pass, however many there are; made when the first text comes.
    search: OnceLock<Option<AhoCorasick>>,
}

impl Mask {
    /// A value shorter than this is not masked on its own: it would black out ordinary words.
    const SHORTEST: usize = 4;

    /// Takes a value that must not be shown.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.chars().count() >= Self::SHORTEST && self.values.insert(value.to_owned()) {
            self.search = OnceLock::new();
        }
    }

    /// Takes the values of another one.
    pub fn join(&mut self, other: &Self) {
        for value in &other.values {
            self.add(value);
        }
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The text with every secret value replaced, byte length kept so that spans stay true.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (start, end) in self.found(text) {
            out.push_str(&text[done..start]);
            out.push_str(&stars(&text[start..end]));
            done = end;
        }
        out.push_str(&text[done..]);
        out
    }

    /// Whether the text holds a secret value.
    pub fn hides(&self, text: &str) -> bool {
        !self.found(text).is_empty()
    }

    /// Where values stand, of several at one place the longest.
    fn found(&self, text: &str) -> Vec<(usize, usize)> {
        if self.values.is_empty() {
            return Vec::new();
        }
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.values).ok();
        match self.search.get_or_init(build) {
            Some(search) => search.find_iter(text).map(|one| (one.start(), one.end())).collect(),
            // More values than a search can hold: nothing is shown rather than one of them.
            None => vec![(0, text.len())],
        }
    }

    /// The source as it may be shown: same name, same offsets.
    #[must_use]
    pub fn source(&self, source: &Source) -> Source {
        if self.hides(source.text()) { source.shown_as(&self.apply(source.text())) } else { source.clone() }
    }
}

/// As many characters and bytes as `value` has, none of them its own; line ends stay.
fn stars(value: &str) -> String {
    let star = |c: char| match (c, c.len_utf8()) {
        ('\n' | '\r', _) => c,
        (_, 1) => '*',
        (_, 2) => '·',
        (_, 3) => '•',
        _ => '🞄',
    };
    value.chars().map(star).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_vanish_and_offsets_stay() {
        let mut mask = Mask::default();
        mask.add("hunter2");
        mask.add("hunter2-long-é");
        mask.add("abc");
        let shown = mask.apply("a=hunter2 b=hunter2-long-é abc");
        assert_eq!(shown, "a=******* b=*************· abc");
        mask.add("inner-hunter2");
        assert_eq!(mask.apply("xinner-hunter2x hunter2hunter2"), "x*************x **************");
        assert!(mask.hides("hunter2") && !mask.hides("hunter"));
        assert_eq!(shown.len(), "a=hunter2 b=hunter2-long-é abc".len());
    }
}
