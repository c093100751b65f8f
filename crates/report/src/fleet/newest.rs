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
    /// As they are written, without zeros at their start: a number may be longer than any integer.
    numbers: Vec<&'t str>,
    /// What follows the numbers.
    rest: &'t str,
    tag: &'t str,
}

impl<'t> TagVersion<'t> {
    fn read(tag: &'t str) -> Self {
        let other = |kind| Self { kind, numbers: Vec::new(), rest: tag, tag };
        if tag == "latest" {
            return other(TagKind::Latest);
        }
        if let Some((date, rest)) = date(tag) {
            return Self { kind: TagKind::Date, numbers: date, rest, tag };
        }
        let start = version_start(tag);
        let text = &tag[start..];
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (version, rest) = text.split_at(end);
        let numbers: Vec<&str> = version.split('.').filter(|number| !number.is_empty()).collect();
        let has_dot = numbers.len() > 1;
        let is_preview = is_preview(rest, has_dot);
        // `1b2c3d4` is a commit, `3.x` a channel, `1234567` may be either.
        let is_version = !numbers.is_empty()
            && (rest.is_empty() || rest.starts_with(['-', '_', '+']) || is_preview)
            && (has_dot || version.len() < COMMIT_DIGITS);
        let numbers = numbers.into_iter().map(|number| number.trim_start_matches('0')).collect();
        match (is_version, rest) {
            (false, _) => other(TagKind::Other),
            (true, "") => Self { kind: TagKind::Release, numbers, rest, tag },
            (true, _) if is_preview => Self { kind: TagKind::Preview, numbers, rest, tag },
            (true, _) => Self { kind: TagKind::Variant, numbers, rest, tag },
        }
    }

    /// Of equal versions the one with more numbers is newer: `1.2` moves, `1.2.0` does not. At last the name decides.
    fn compare(&self, other: &Self) -> Ordering {
        let by_value = |a: &&str, b: &&str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        let by_numbers = || {
            let pairs = self.numbers.iter().zip(&other.numbers);
            let first = pairs.map(|(a, b)| by_value(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| self.numbers.len().cmp(&other.numbers.len()))
        };
        let by_kind = self.kind.cmp(&other.kind);
        by_kind
            .then_with(by_numbers)
            .then_with(|| natural_order(self.rest, other.rest))
            .then_with(|| self.tag.cmp(other.tag))
    }
}

/// Digits from which on a number is none of a version: commits have seven and more.
const COMMIT_DIGITS: usize = 7;

/// Where a version begins: `1.2`, `v1.2`, `release-1.2`, `api_v1.2`.
fn version_start(tag: &str) -> usize {
    let is_start = |at: usize| {
        let before = tag[..at].trim_end_matches(['v', 'V']);
        let is_word = before.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_'));
        is_word && (before.is_empty() || before.ends_with(['-', '_']))
    };
    tag.find(|c: char| c.is_ascii_digit()).filter(|at| is_start(*at)).unwrap_or(0)
}

/// The parts of a date and what follows it: `20260131`, `2026-01-31`, `20260131235959-alpine`.
fn date(tag: &str) -> Option<(Vec<&str>, &str)> {
    let end = tag.find(|c: char| !c.is_ascii_digit()).unwrap_or(tag.len());
    let (year, month, day, rest) = if end == 4 {
        (tag.get(..4)?, tag.get(5..7)?, tag.get(8..10)?, tag.get(10..)?)
    } else {
        (tag.get(..4)?, tag.get(4..6)?, tag.get(6..8)?, tag.get(8..)?)
    };
    let is_whole = if end == 4 {
        tag[4..].starts_with(['-', '.', '_']) && tag[7..].starts_with(&tag[4..5])
    } else {
        DATE_DIGITS.contains(&end)
    };
    let is_in = |text: &str, range: RangeInclusive<u32>| text.parse().is_ok_and(|number| range.contains(&number));
    let is_date = is_whole && is_in(year, 1990..=2099) && is_in(month, 1..=12) && is_in(day, 1..=31);
    is_date.then_some((vec![year, month, day], rest))
}

/// Whether a word behind a version says that it is not released yet: `-rc1`, `b2`, `-SNAPSHOT`. A letter alone does so only
/// behind a version with a dot: `12345b7` is a commit.
fn is_preview(rest: &str, has_dot: bool) -> bool {
    let is_word =
        |word: &str| (word.len() > 1 || has_dot) && data::TAG_WORDS.has(&word.to_ascii_lowercase(), "preview");
    // Without a sign between them only a word and its number.
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
            (&["20.11.1", "20.11.10"], Some("20.11.10")),
            (&["18.09.9", "19.03.15", "20.10.24"], Some("20.10.24")),
            (&["latest", "main", "123456b", "12345c7", "1234567"], Some("latest")),
            (&["2024-01-15", "20250101", "latest"], Some("20250101")),
            (&["2.0.0-rc1", "2024-01-15"], Some("2.0.0-rc1")),
            (&["1.5-alpine", "2024-01-15"], Some("1.5-alpine")),
            (&["2024.01.15", "2024.11.02"], Some("2024.11.02")),
            (&["release-1.2", "release-1.10", "latest"], Some("release-1.10")),
            (&["1.99999999999999999999999", "1.2"], Some("1.99999999999999999999999")),
            (&["8u412", "17"], Some("17")),
            (&["1.2.3ea4", "1.2.2"], Some("1.2.2")),
            (&["bookworm", "trixie"], None),
            (&["é1.2", "1.1"], Some("1.1")),
            (&["2026-é1-31", "1"], Some("1")),
            (&[], None),
        ] {
            assert_eq!(newest_tag(tags), expected, "{tags:?}");
        }
    }
}
