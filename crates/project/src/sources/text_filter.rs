//! Which texts may contain a word, without reading them again: a filter of the three-byte sequences in each text.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use memchr::memmem::Finder;
use rayon::prelude::*;

/// Filters of the texts in the order of their paths, made when something is looked for.
#[derive(Clone, Debug, Default)]
pub struct TextFilters(OnceLock<Vec<TripleFilter>>);

impl TextFilters {
    /// The filters of texts; always those of the first texts that it was asked about.
    pub fn of(&self, texts: &BTreeMap<String, String>) -> &[TripleFilter] {
        self.0.get_or_init(|| filters_of(texts.values().map(String::as_str)))
    }
}

/// The filters of texts, in their order.
pub fn filters_of<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<TripleFilter> {
    texts.collect::<Vec<_>>().into_par_iter().with_min_len(64).map(TripleFilter::of).collect()
}

/// A set of hashes of triples, letters of any case taken for the same: what it lacks the text lacks.
#[derive(Clone, Debug)]
pub struct TripleFilter {
    /// Four bits for each byte of the text, up to the next power of two.
    bits: Box<[u64]>,
}

/// Bytes with the bit set that tells a small letter from a capital one.
const SMALL: u64 = 0x2020_2020_2020_2020;

impl TripleFilter {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut bits = vec![0_u64; (bytes.len() / 16).next_power_of_two()].into_boxed_slice();
        let mask = bits.len() - 1;
        let mut put = |triple: u64| {
            let (slot, bit) = place(triple, mask);
            bits[slot] |= bit;
        };
        let mut at = 0;
        while let Some(eight) = bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()) {
            let eight = u64::from_le_bytes(eight) | SMALL;
            for shift in 0..6 {
                put(eight >> (shift * 8));
            }
            at += 6;
        }
        triples(&bytes[at.min(bytes.len())..]).for_each(put);
        Self { bits }
    }

    /// Whether the text may hold a word with these triples.
    pub fn may_hold(&self, triples: &[u64]) -> bool {
        let mask = self.bits.len() - 1;
        triples.iter().all(|triple| {
            let (slot, bit) = place(*triple, mask);
            self.bits[slot] & bit != 0
        })
    }
}

/// The triples of bytes, letters small.
pub fn triples(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes
        .windows(3)
        .map(|three| (u64::from(three[0]) | u64::from(three[1]) << 8 | u64::from(three[2]) << 16) | (SMALL & 0xff_ffff))
}

/// The word and the bit in it that stand for the low three bytes.
fn place(triple: u64, mask: usize) -> (usize, u64) {
    let hash = (triple & 0xff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    ((hash >> 6) as usize & mask, 1 << (hash & 63))
}

/// A word that is looked for.
#[derive(Debug)]
pub struct FilterWord<'w> {
    /// Finds it.
    pub finder: Finder<'w>,
    /// Its triples.
    pub triples: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_text_passes_its_filter() {
        let text = "def work(value):\n    return VALUE + 1  # größer\n".repeat(7);
        let filter = TripleFilter::of(&text);
        for from in 0..text.len() {
            for to in from..text.len().min(from + 40) {
                let part: Vec<u64> = triples(&text.as_bytes()[from..to]).collect();
                assert!(filter.may_hold(&part));
            }
        }
    }
}
