//! Which tag of a repository is the newest, by its version.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use crate::data;

/// Digits of a date: `20260131`, with the time of the day `20260131235959`.
const DATE_DIGITS: RangeInclusive<usize> = 8..=14;

/// How much a tag says of what is newest; the later the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TagKind {
    /// A commit, a name.
    Other,
    /// `latest`.
    Latest,
    /// `20260131`.
    Date,
    /// `2.0.0-rc1`.
    Preview,
    /// `1.2.3-alpine`: the same version of another kind.
    Variant,
    /// `1.2.3`.
    Release,
}

/// A tag with what it is compared by.
struct TagVersion<'t> {
    kind: TagKind,
    numbers: Vec<u64>,
    /// What follows the numbers.
    rest: &'t str,
    tag: &'t str,
}

impl<'t> TagVersion<'t> {
    fn read(tag: &'t str) -> Self {
        let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (version, rest) = text.split_at(end);
        let numbers: Vec<u64> = version.split('.').map_while(|number| number.parse().ok()).collect();
        // `1b2c3d4` is a commit, `3.x` a channel.
        let is_version =
            !numbers.is_empty() && (rest.is_empty() || rest.starts_with(['-', '_', '+']) || is_preview(rest));
        let kind = match (is_version, rest) {
            _ if tag == "latest" => TagKind::Latest,
            (false, _) => TagKind::Other,
            (true, "") if is_date(version) => TagKind::Date,
            // A commit of digits alone.
            (true, "") if numbers.len() == 1 && version.len() > 6 => TagKind::Other,
            (true, "") => TagKind::Release,
            (true, rest) if is_preview(rest) => TagKind::Preview,
            (true, _) => TagKind::Variant,
        };
        Self { kind, numbers, rest, tag }
    }

    /// Of equal versions the one with more numbers is newer: `1.2` moves, `1.2.0` does not. At last the name decides.
    fn compare(&self, other: &Self) -> Ordering {
        let by_kind = self.kind.cmp(&other.kind);
        by_kind
            .then_with(|| self.numbers.cmp(&other.numbers))
            .then_with(|| natural_order(self.rest, other.rest))
            .then_with(|| self.tag.cmp(other.tag))
    }
}

fn is_date(version: &str) -> bool {
    DATE_DIGITS.contains(&version.len()) && (version.starts_with("19") || version.starts_with("20"))
}

/// Whether a word behind a version says that it is not released yet: `-rc1`, `b2`, `-SNAPSHOT`.
fn is_preview(rest: &str) -> bool {
    let is_word = |word: &str| data::TAG_WORDS.has(&word.to_ascii_lowercase(), "preview");
    // Without a sign between them only a word and its number: `1b2c3d4` is a commit.
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return is_word(rest.trim_end_matches(|c: char| c.is_ascii_digit()));
    }
    rest.split(|c: char| !c.is_ascii_alphabetic()).any(is_word)
}

/// Texts with the numbers in them by their value: `rc9` before `rc10`.
fn natural_order(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    words(a).cmp(&words(b)).then_with(|| numbers(a).cmp(&numbers(b)))
}

/// The newest tag by version: a release before a variant of one (`1.2-alpine`), then previews, dates, `latest`. `None` where
/// no tag says which is newer: by commits, for example.
pub fn newest_tag<'t>(tags: &[&'t str]) -> Option<&'t str> {
    let versions = tags.iter().map(|tag| TagVersion::read(tag));
    let newest = versions.max_by(TagVersion::compare)?;
    (newest.kind != TagKind::Other || tags.len() == 1).then_some(newest.tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tag_is_that_of_the_highest_version() {
        for (tags, expected) in [
            (&["1.9", "1.10", "latest"][..], Some("1.10")),
            (&["1", "1.2", "1.2.3"], Some("1.2.3")),
            (&["v1.2.3", "v1.10.0", "v1.10.0-rc1"], Some("v1.10.0")),
            (&["2.0.0-rc1", "1.10"], Some("1.10")),
            (&["2.0.0-rc9", "2.0.0-rc10", "2.0.0-beta3"], Some("2.0.0-rc10")),
            (&["1.2-alpine", "1.2", "1.3-alpine"], Some("1.2")),
            (&["1.2-alpine", "1.3-alpine", "latest"], Some("1.3-alpine")),
            (&["20260131", "20260201"], Some("20260201")),
            (&["20260131", "1.0"], Some("1.0")),
            (&["latest", "main", "1b2c3d4e"], Some("latest")),
            (&["1b2c3d4e", "9f8e7d6c"], None),
            (&["stable"], Some("stable")),
            (&["3.x", "2.1"], Some("2.1")),
            (&["1.0b2", "1.0"], Some("1.0")),
            (&["1.0+build5", "1.0+build12"], Some("1.0+build12")),
            (&[], None),
        ] {
            assert_eq!(newest_tag(tags), expected, "{tags:?}");
        }
    }
}
