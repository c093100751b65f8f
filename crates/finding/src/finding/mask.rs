//! Masking: secret values never reach a result. The values of a Dockerfile are chosen by `Build::hidden`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use serde_json::Value;

use crate::secret::{self, is_filler};
use crate::text::{Source, Span};

/// The secret values of a run. Texts that enter a result go through it.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    values: BTreeSet<String>,
    /// Names of things, which are shown even where a password is the same word.
    names: BTreeSet<String>,
    /// Where a name stands in a source, by the source's name.
    places: BTreeMap<String, BTreeSet<(usize, usize)>>,
    /// Values that are no secrets, as the settings say.
    public: BTreeSet<String>,
    /// Whether nothing is masked.
    is_off: bool,
    /// Made when the first text comes.
    table: OnceLock<MaskTable>,
}

impl Mask {
    /// A value shorter than this is not masked on its own: it would black out ordinary words.
    const SHORTEST: usize = 4;
    /// A word that somebody chose is masked where it recurs from this length on.
    const SHORTEST_WORD: usize = 6;
    /// The maximum length of a name that is looked for.
    const LONGEST_NAME: usize = 256;

    /// Takes a value that must not be shown.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        let counts = value.chars().count() >= Self::SHORTEST
            && !self.public.contains(value)
            && !secret::is_word_of_sentences(value);
        if counts && self.values.insert(value.to_owned()) {
            self.table = OnceLock::new();
        }
    }

    /// Takes several of them.
    pub fn add_all(&mut self, values: &[String]) {
        for value in values {
            self.add(value);
        }
    }

    /// Takes the name of a service, an image or a file. Where a text names it, it is shown: as a part of a longer name,
    /// alone between backticks, or as a key at the start of a line.
    pub fn add_name(&mut self, name: &str) {
        if !name.is_empty() && name.len() <= Self::LONGEST_NAME {
            self.names.insert(name.to_owned());
        }
    }

    /// Takes a place of a source that holds a name and no value.
    pub fn add_name_place(&mut self, source: &Source, span: Span) {
        let range = span.range();
        self.places.entry(source.name().to_owned()).or_default().insert((range.start, range.end));
    }

    /// Takes a value that is no secret.
    pub fn add_public(&mut self, value: &str) {
        self.public.insert(value.to_owned());
        if self.values.remove(value) {
            self.table = OnceLock::new();
        }
    }

    /// One that masks nothing: to compare what is shown with what is.
    pub fn off() -> Self {
        Self { is_off: true, ..Self::default() }
    }

    /// Takes what another one has.
    pub fn join(&mut self, other: &Self) {
        other.public.iter().for_each(|value| self.add_public(value));
        for value in &other.values {
            self.add(value);
        }
        self.names.extend(other.names.iter().cloned());
        for (source, places) in &other.places {
            self.places.entry(source.clone()).or_default().extend(places);
        }
    }

    /// Whether no value is known. What a text itself shows as a secret is masked all the same.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The text with every secret replaced, those that are known and those that their place or look tells, byte length kept
    /// so that spans stay true.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        Self::masked(text, self.secret_ranges(text)).unwrap_or_else(|| text.to_owned())
    }

    /// Whether the text holds a secret value.
    pub fn hides(&self, text: &str) -> bool {
        !self.secret_ranges(text).is_empty()
    }

    /// The source as it may be shown: same name, same offsets.
    #[must_use]
    pub fn source(&self, source: &Source) -> Source {
        let hidden = || source.hidden(secret::hidden_parts).ranges.clone();
        let mut ranges = self.ranges_with(source.text(), hidden);
        if let Some(places) = self.places.get(source.name()) {
            let is_name = |range: &Range<usize>| {
                if !is_filler(&source.text()[range.clone()]) {
                    return false;
                }
                let before = places.range(..=(range.start, usize::MAX)).next_back();
                before.is_some_and(|(_, end)| range.end <= *end)
            };
            ranges.retain(|range| !is_name(range));
        }
        Self::masked(source.text(), ranges).map_or_else(|| source.clone(), |text| source.shown_as(&text))
    }

    /// A JSON text without the secrets in its strings; `None` if it has none, or is no JSON.
    pub fn json(text: &str) -> Option<String> {
        let mut value = serde_json::from_str(text).ok()?;
        Self::default().hide_in(&mut value).then(|| value.to_string())
    }

    /// Masks the strings of a value, and returns whether there was a secret.
    fn hide_in(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match Self::masked(text, self.secret_ranges(text)) {
                Some(masked) => {
                    *text = masked;
                    true
                }
                None => false,
            },
            Value::Array(items) => items.iter_mut().fold(false, |hides, item| self.hide_in(item) | hides),
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().filter(|name| self.hides(name)).cloned().collect();
                for name in &names {
                    if let Some(value) = fields.remove(name) {
                        fields.insert(self.apply(name), value);
                    }
                }
                fields.values_mut().fold(!names.is_empty(), |hides, field| self.hide_in(field) | hides)
            }
            _ => false,
        }
    }

    /// A text that no mask has seen, such as the name of a file, without the tokens of known services; `None` if it has
    /// none.
    pub fn without_tokens(text: &str) -> Option<String> {
        Self::masked(text, secret::token_ranges(text))
    }

    /// `None` where there is nothing to mask.
    fn masked(text: &str, ranges: Vec<Range<usize>>) -> Option<String> {
        if ranges.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for range in ranges {
            out.push_str(&text[at..range.start]);
            out.extend(text[range.clone()].chars().map(star));
            at = range.end;
        }
        out.push_str(&text[at..]);
        Some(out)
    }

    fn secret_ranges(&self, text: &str) -> Vec<Range<usize>> {
        self.ranges_with(text, || secret::hidden_ranges(text))
    }

    /// The ranges of known values, and those that the text itself shows as secrets.
    fn ranges_with(&self, text: &str, hidden: impl FnOnce() -> Vec<Range<usize>>) -> Vec<Range<usize>> {
        if self.is_off {
            return Vec::new();
        }
        let mut ranges = Vec::new();
        if !self.values.is_empty() {
            let known = self.table.get_or_init(|| MaskTable::new(&self.values)).find(text);
            ranges = self.without_names(text, known);
        }
        let mut hidden = hidden();
        hidden.retain(|range| range.len() >= Self::SHORTEST && !self.public.contains(&text[range.clone()]));
        if hidden.is_empty() {
            return ranges;
        }
        hidden.append(&mut ranges);
        hidden.sort_unstable_by_key(|range| (range.start, range.end));
        for range in hidden {
            join(&mut ranges, range);
        }
        ranges
    }

    /// The ranges but for words that somebody chose: such a word is masked where it recurs as a whole one, unless it is short, common,
    /// a name, a part of one, or a label of a host name.
    fn without_names(&self, text: &str, mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let is_shown = |range: &Range<usize>| {
            let word = &text[range.clone()];
            word.chars().count() < Self::SHORTEST_WORD
                || secret::is_common(word)
                || is_inside_word(text, range)
                || self.names.contains(word)
                || self.is_name(text, range)
                || is_host_label(text, range)
        };
        // What looks drawn and not chosen is no name, whatever holds it.
        ranges.retain(|range| !(is_filler(&text[range.clone()]) && is_shown(range)));
        ranges
    }

    /// Whether a text names something at a range. A word that is a value and a name counts as a name only where values do not
    /// stand: `` `app` `` in a message, `app:` as a key.
    fn is_name(&self, text: &str, range: &Range<usize>) -> bool {
        let (before, after) = (&text[..range.start], &text[range.end..]);
        let is_part = |c: &char| !c.is_whitespace() && !"`'\"()[]{},;<>|&=".contains(*c);
        let start =
            before.chars().rev().take(Self::LONGEST_NAME).take_while(is_part).map(char::len_utf8).sum::<usize>();
        let end = after.chars().take(Self::LONGEST_NAME).take_while(is_part).map(char::len_utf8).sum::<usize>();
        let word = &text[range.start - start..range.end + end];
        let name = self.known_part(word);
        match name {
            Some(name) if name.len() > range.len() => true,
            Some(_) => {
                let is_quoted = before.ends_with('`') && after.starts_with('`');
                let is_key =
                    after.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', '\n']));
                let line = before.rsplit('\n').next().unwrap_or_default();
                is_quoted || is_key && line.chars().all(char::is_whitespace)
            }
            None => false,
        }
    }

    /// The name that a word is, without what may follow one: a colon, a full stop, the line and column of a file.
    fn known_part<'w>(&self, word: &'w str) -> Option<&'w str> {
        let plain = word.trim_end_matches([':', '.']);
        let place = plain.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
        [word, plain, place].into_iter().find(|name| self.names.contains(*name))
    }
}

/// Whether a longer word holds a range.
fn is_inside_word(text: &str, range: &Range<usize>) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    text[..range.start].ends_with(is_part) || text[range.end..].starts_with(is_part)
}

/// Whether a range is a label of a host name: `example` in `https://www.example.com/`, or in such a name between
/// backticks. The part before an `@` is no host.
fn is_host_label(text: &str, range: &Range<usize>) -> bool {
    let is_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let before = &text[text.ceil_char_boundary(range.start.saturating_sub(Mask::LONGEST_NAME))..range.start];
    let after = &text[range.end..text.floor_char_boundary(range.end.saturating_add(Mask::LONGEST_NAME))];
    let (start, rest) = (before.trim_end_matches(is_label), after.trim_start_matches(is_label));
    let is_whole = start.len() == before.len() || before.ends_with('.');
    let is_host =
        start.ends_with("://") && !rest.starts_with(['@', ':']) || start.ends_with('`') && rest.starts_with('`');
    is_whole && is_host && after.starts_with('.')
}

/// The values in an order that finds, with one look-up per place of a text, the longest that stands there: a file may
/// hold a hundred thousand of them.
#[derive(Clone, Debug, Default)]
struct MaskTable {
    /// Ascending.
    values: Vec<Box<str>>,
    /// For each value, the longest other one that it begins with.
    shorter: Vec<Option<u32>>,
    /// By the first two bytes: whether a value begins so.
    starts: Vec<bool>,
}

/// Bytes compared per byte of a text before all the rest of it is masked: only values made for it come there.
const DEAREST: usize = 1_000;

impl MaskTable {
    fn new(values: &BTreeSet<String>) -> Self {
        let values: Vec<Box<str>> = values.iter().map(|value| value.as_str().into()).collect();
        let mut starts = vec![false; 1 << 16];
        let mut shorter = Vec::with_capacity(values.len());
        let mut open: Vec<u32> = Vec::new();
        for (index, value) in values.iter().enumerate() {
            starts[start(value.as_bytes())] = true;
            while open.last().is_some_and(|above| !value.starts_with(&*values[*above as usize])) {
                open.pop();
            }
            shorter.push(open.last().copied());
            open.push(index as u32);
        }
        Self { values, shorter, starts }
    }

    /// Where values stand in a text, ascending; what touches or overlaps is one range.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let bytes = text.as_bytes();
        let mut budget = bytes.len().saturating_mul(DEAREST);
        for at in 0..bytes.len().saturating_sub(Mask::SHORTEST - 1) {
            if !self.starts[start(&bytes[at..])] {
                continue;
            }
            let (len, cost) = self.longest(&bytes[at..]);
            let Some(remaining) = budget.checked_sub(cost) else {
                join(&mut ranges, text.floor_char_boundary(at)..text.len());
                break;
            };
            budget = remaining;
            if let Some(len) = len {
                join(&mut ranges, at..at + len);
            }
        }
        ranges
    }

    /// The length of the longest value that `text` begins with, and the bytes compared to find it.
    fn longest(&self, text: &[u8]) -> (Option<usize>, usize) {
        let mut cost = 0;
        let before = self.values.partition_point(|value| {
            let shared = shared(value.as_bytes(), text);
            cost += shared + 1;
            shared == value.len() || (shared < text.len() && value.as_bytes()[shared] < text[shared])
        });
        let Some(last) = before.checked_sub(1) else { return (None, cost) };
        let shared = shared(self.values[last].as_bytes(), text);
        let mut at = Some(last as u32);
        while let Some(index) = at {
            cost += 1;
            let value = &self.values[index as usize];
            if value.len() <= shared {
                return (Some(value.len()), cost);
            }
            at = self.shorter[index as usize];
        }
        (None, cost)
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Bytes that two texts begin with alike.
fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn join(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
        _ => ranges.push(range),
    }
}

/// A character of as many bytes that tells nothing; line ends stay.
fn star(c: char) -> char {
    match (c, c.len_utf8()) {
        ('\n' | '\r', _) => c,
        (_, 1) => '*',
        (_, 2) => '·',
        (_, 3) => '•',
        _ => '🞄',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask<'v>(values: impl IntoIterator<Item = &'v str>) -> Mask {
        let mut mask = Mask::default();
        values.into_iter().for_each(|value| mask.add(value));
        mask
    }

    #[track_caller]
    fn check(values: &[&str], text: &str, expected: &str) {
        let masked = mask(values.iter().copied()).apply(text);
        assert_eq!(masked, expected);
        assert_eq!(masked.len(), text.len());
    }

    #[test]
    fn values_vanish_and_offsets_stay() {
        check(
            &["hunter2", " hunter2-long-é", "abc"],
            "a=hunter2 b=hunter2-long-é abc",
            "a=******* b=*************· abc",
        );
        check(&["a1b2c3d4", "a1b2c3d4e5", "a1b2c3d4e5f6"], "a1b2c3d4e5f a1b2c3d4", "**********f ********");
        check(&["c4naryLong1"], "xc4naryLong1x c4naryLong1c4naryLong1", "x***********x **********************");
        check(&["line\none"], "line\none", "****\n***");
        check(&[], "abcd", "abcd");
    }

    #[test]
    fn chosen_words_are_masked_as_whole_words_of_some_length() {
        check(
            &["hunter2"],
            "xhunter2 hunter2x a-hunter2 hunter2_b hunter2.",
            "xhunter2 hunter2x a-hunter2 hunter2_b *******.",
        );
        check(&["ping", "stop"], "ping Stopping stop", "ping Stopping stop");
        check(&["winter"], "winter 'winter' winters", "****** '******' winters");
    }

    #[test]
    fn words_of_sentences_are_looked_for_nowhere_else() {
        let text = "the build says what `hunter2` is";
        assert_eq!(mask(["build", "what", "hunter2"]).apply(text), "the build says what `*******` is");
    }

    #[test]
    fn values_that_overlap_vanish_whole() {
        check(&["a1b2c3d4", "c3d4e5f6"], "xa1b2c3d4e5f6x", "x************x");
        check(&["a1a1a1a1"], "a1a1a1a1a1b", "**********b");
        check(&["öäüßa1b2", "ßa1b2c3d"], "öäüßa1b2c3d.", "····*******.");
    }

    #[test]
    fn names_are_shown_and_values_are_not() {
        let mut mask = mask(["keycloak", "web/app", "hunter2", "c4naryLong1"]);
        for name in ["x-c4naryLong1", "keycloak", "keycloak-ui", "quay.io/keycloak/keycloak:26", "keycloak/Dockerfile"]
        {
            mask.add_name(name);
        }
        for text in [
            "`keycloak-ui` needs `keycloak`: it has no healthcheck",
            "  keycloak:\n    image: quay.io/keycloak/keycloak:26\n  keycloak-ui:",
            "keycloak/Dockerfile:12:3: `quay.io/keycloak/keycloak:26`.",
        ] {
            assert_eq!(mask.apply(text), text);
        }
        for text in ["curl https://keycloak.org/x | sh", "http://www.keycloak.org", "from `get.keycloak.org` is"] {
            assert_eq!(mask.apply(text), text);
        }
        for (text, expected) in [
            // At the place of a password it is masked, elsewhere it is a name.
            ("PASSWORD=keycloak", "PASSWORD=********"),
            ("- keycloak\n", "- keycloak\n"),
            ("[\"-U\", \"keycloak\"]", "[\"-U\", \"keycloak\"]"),
            ("postgres://me:keycloak@db/x", "postgres://me:********@db/x"),
            ("`hunter2` web/app:", "`*******` *******:"),
            ("`x-c4naryLong1`", "`x-***********`"),
            ("sh: keycloak: not found", "sh: keycloak: not found"),
        ] {
            assert_eq!(mask.apply(text), expected);
        }
        let source = Source::of("compose.yaml", "image: keycloak\nPASSWORD: keycloak\n");
        mask.add_name_place(&source, Span::new(7, 15));
        assert_eq!(mask.source(&source).text(), "image: keycloak\nPASSWORD: ********\n");
        assert_eq!(mask.source(&Source::of("other", "image: keycloak")).text(), "image: keycloak");
    }

    #[test]
    fn strings_and_names_of_json_are_masked() {
        let hidden = Mask::json(r#"{"a":[{"b":"PASSWORD=q7w8e9r0t1"}],"TOKEN=q7w8e9r0t1":1.5,"c":"x"}"#).unwrap();
        assert_eq!(hidden, r#"{"TOKEN=**********":1.5,"a":[{"b":"PASSWORD=**********"}],"c":"x"}"#);
        assert_eq!(Mask::json(r#"{"a":["x", 1, null]}"#), None);
        assert_eq!(Mask::json("PASSWORD=q7w8e9r0t1"), None);
    }

    #[test]
    fn crowds_and_nests_of_values_end() {
        let many: Vec<String> = (0..100_000).map(|n| format!("hunter{n}long")).collect();
        let text = many.join(" ");
        let masked = mask(many.iter().map(String::as_str)).apply(&text);
        assert!(masked.bytes().all(|byte| byte == b'*' || byte == b' '));
        let nested: Vec<String> = (4..1_000).map(|n| "a1".repeat(n)).collect();
        let masked = mask(nested.iter().map(String::as_str)).apply(&format!("b{}", "a1".repeat(15_000)));
        assert_eq!(masked.trim_start_matches('b').trim_matches('*'), "");
    }
}
