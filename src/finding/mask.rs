//! Masking: secret values never reach a result.

use crate::text::Source;

/// The secret values of a run. Texts that enter a result go through it.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// Longest first, so that a value inside another one does not uncover its rest.
    values: Vec<String>,
}

impl Mask {
    /// A value shorter than this is not masked on its own: it would black out ordinary words.
    const SHORTEST: usize = 4;

    /// Takes a value that must not be shown.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.chars().count() < Self::SHORTEST || self.values.iter().any(|known| known == value) {
            return;
        }
        let at = self.values.partition_point(|known| known.len() >= value.len());
        self.values.insert(at, value.to_owned());
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
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), &stars(value));
            }
        }
        text
    }

    /// The source as it may be shown: same name, same offsets.
    #[must_use]
    pub fn source(&self, source: &Source) -> Source {
        if self.values.iter().any(|value| source.text().contains(value.as_str())) {
            source.shown_as(&self.apply(source.text()))
        } else {
            source.clone()
        }
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
        assert_eq!(shown.len(), "a=hunter2 b=hunter2-long-é abc".len());
    }
}
