//! Masking: secret values never reach a result.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::text::Source;

/// Bytes by which values are found: as many as the shortest value has at least.
const HEAD: usize = 4;

/// The secret values of a run. Texts that enter a result go through it.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// By their first bytes and their length: a file may hold thousands, and each text is looked through once.
    values: HashMap<[u8; HEAD], BTreeMap<usize, HashSet<String>>>,
}

impl Mask {
    /// A value shorter than this is not masked on its own: it would black out ordinary words.
    const SHORTEST: usize = HEAD;

    /// Takes a value that must not be shown.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.chars().count() < Self::SHORTEST {
            return;
        }
        let Some(head) = value.as_bytes().first_chunk() else { return };
        self.values.entry(*head).or_default().entry(value.len()).or_default().insert(value.to_owned());
    }

    /// Takes the values of another one.
    pub fn join(&mut self, other: &Self) {
        for value in other.values.values().flat_map(BTreeMap::values).flatten() {
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
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in self.places(text) {
            shown.push_str(&text[from..start]);
            shown.push_str(&stars(&text[start..end]));
            from = end;
        }
        shown.push_str(&text[from..]);
        shown
    }

    /// The source as it may be shown: same name, same offsets.
    #[must_use]
    pub fn source(&self, source: &Source) -> Source {
        if self.places(source.text()).is_empty() { source.clone() } else { source.shown_as(&self.apply(source.text())) }
    }

    /// Where values stand, those that overlap as one, so that none uncovers the rest of another.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut places: Vec<(usize, usize)> = Vec::new();
        if self.values.is_empty() {
            return places;
        }
        for (start, head) in text.as_bytes().windows(HEAD).enumerate() {
            let Some(lengths) = head.first_chunk().and_then(|head: &[u8; HEAD]| self.values.get(head)) else {
                continue;
            };
            let found = lengths
                .iter()
                .rev()
                .find(|(length, values)| text.get(start..start + **length).is_some_and(|part| values.contains(part)));
            let Some((length, _)) = found else { continue };
            let end = start + length;
            match places.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => places.push((start, end)),
            }
        }
        places
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
        mask.add("2-long");
        let shown = mask.apply("a=hunter2 b=hunter2-long-é abc");
        assert_eq!(shown, "a=******* b=*************· abc");
        assert_eq!(shown.len(), "a=hunter2 b=hunter2-long-é abc".len());
    }
}
