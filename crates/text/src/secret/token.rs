//! Tokens of well-known services, by the rows of `data/token_formats.tsv`: matched loosely to mask them, and exactly to
//! report them. The time is linear in the length of the text.

use std::ops::{Range, RangeInclusive};
use std::sync::LazyLock;

use crate::data;

pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether a secret may go on with this byte where its end is not known.
const fn is_tail_byte(byte: u8) -> bool {
    is_token_byte(byte) || matches!(byte, b'.' | b'+' | b'/' | b'=' | b'~' | b'%' | b':')
}

/// The end of the word at a position, without the punctuation after it.
pub(super) fn word_end(text: &[u8], at: usize) -> usize {
    let length = text[at..].iter().take(LONGEST).take_while(|byte| is_tail_byte(**byte)).count();
    let tail = &text[at..at + length];
    at + tail.iter().rposition(|byte| !matches!(byte, b'.' | b':' | b'/')).map_or(0, |last| last + 1)
}

/// The maximum length of a token.
pub(super) const LONGEST: usize = 4096;

/// The spans of the tokens of a text, judging only by their format, and whether they are reported.
pub(super) fn tokens(text: &str) -> Vec<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_token_byte(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|byte| is_token_byte(**byte)).count();
        if is_digest(&bytes[at..at + length]) {
            at += length;
            continue;
        }
        let escaped = escape(bytes, at).min(length);
        let starts = [at + escaped, at].into_iter().take(1 + escaped);
        let token = { starts }.find_map(|start| Some((start, token_end(bytes, start, at + length - start)?)));
        at += length;
        if let Some((start, (end, is_reported))) = token {
            tokens.push((start..end, is_reported));
            at = at.max(end);
        }
    }
    tokens
}

/// Whether a word is written as a digest: one may begin as a token does.
fn is_digest(word: &[u8]) -> bool {
    matches!(word.len(), 40 | 64 | 96 | 128)
        && word.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte))
}

/// 1 where the first letter of a word belongs to an escape before it: `\nghp_…` of JSON.
fn escape(bytes: &[u8], at: usize) -> usize {
    usize::from(at > 0 && bytes[at - 1] == b'\\' && matches!(bytes[at], b'n' | b'r' | b't'))
}

/// A row of `data/token_formats.tsv`.
struct Format {
    prefix: &'static str,
    parts: Vec<Part>,
    exact: Option<Exact>,
    /// Whether such a word in a Dockerfile is reported.
    is_reported: bool,
    /// How many bytes of words it begins with, at least: most words are shorter.
    shortest: usize,
}

/// A part of a token's form.
enum Part {
    Literal(&'static str),
    AtLeast(Alphabet, usize),
}

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let part = |word: &'static str| {
        let class = word.split_once('*').and_then(|(class, least)| Some((Alphabet::of(class)?, least.parse().ok()?)));
        class.map_or(Part::Literal(word), |(class, least)| Part::AtLeast(class, least))
    };
    let format = |row: data::Row| match row {
        &[prefix, form, what, min, max, alphabet, ..] => {
            let rest = min.parse().ok().zip(max.parse().ok()).map(|(min, max)| min..=max);
            let exact =
                (!matches!(what, "-" | "in-text")).then(|| Exact { what, rest: rest.zip(Alphabet::of(alphabet)) });
            let prefix = if prefix == "-" { "" } else { prefix };
            let parts: Vec<Part> = form.split(' ').map(part).collect();
            let shortest = shortest(prefix, &parts);
            Some(Format { prefix, parts, exact, is_reported: what != "-", shortest })
        }
        _ => None,
    };
    data::TOKEN_FORMATS.rows().filter_map(format).collect()
});

/// How many bytes of words a text has at the start of such a token, at least.
fn shortest(prefix: &'static str, parts: &[Part]) -> usize {
    let mut least = 0;
    let begins = [Part::Literal(prefix)];
    for part in begins.iter().chain(parts) {
        match part {
            Part::Literal(literal) => {
                let length = literal.bytes().take_while(|byte| is_token_byte(*byte)).count();
                least += length;
                if length < literal.len() {
                    break;
                }
            }
            // It may begin with a byte that no word has.
            Part::AtLeast(Alphabet::Base64, _) => break,
            Part::AtLeast(_, length) => least += length,
        }
    }
    least
}

/// The rows by the first byte of their prefix, the longest prefix first; those without one under each byte.
static BY_START: LazyLock<Vec<Vec<u16>>> = LazyLock::new(|| {
    let rows = |byte: u8| {
        let may_begin = |format: &Format| match format.parts.first() {
            Some(Part::AtLeast(alphabet, _)) => alphabet.has(byte),
            _ => true,
        };
        let begins =
            |format: &Format| format.prefix.bytes().next().map_or_else(|| may_begin(format), |first| first == byte);
        let mut rows: Vec<u16> =
            (0..).zip(FORMATS.iter()).filter(|(_, format)| begins(format)).map(|(index, _)| index).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(FORMATS[usize::from(*row)].prefix.len()));
        rows
    };
    (0..=u8::MAX).map(rows).collect()
});

/// The end of the token at the start of a word of a length, with all of the word, and whether it is reported.
fn token_end(bytes: &[u8], at: usize, length: usize) -> Option<(usize, bool)> {
    let rows = &BY_START[usize::from(*bytes.get(at)?)];
    rows.iter().find_map(|row| {
        let format = &FORMATS[usize::from(*row)];
        if length < format.shortest {
            return None;
        }
        let end = format.end(bytes, at)?;
        Some((word_end(bytes, end).max(end), format.is_reported))
    })
}

impl Format {
    /// Where the form ends, if the text has it here.
    fn end(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let start = at + self.prefix.len();
        let mut end = bytes[at..].starts_with(self.prefix.as_bytes()).then_some(start)?;
        for part in &self.parts {
            end += match part {
                Part::Literal(literal) => bytes[end..].starts_with(literal.as_bytes()).then_some(literal.len())?,
                Part::AtLeast(alphabet, least) => {
                    let length = bytes[end..].iter().take(LONGEST).take_while(|byte| alphabet.has(**byte)).count();
                    (length >= *least).then_some(length)?
                }
            };
        }
        let rest = &bytes[start..end];
        let is_capitals = self.prefix.len() >= 4 && rest.iter().all(|byte| Alphabet::Upper.has(*byte));
        (is_mixed(rest) || is_capitals).then_some(end)
    }
}

/// Whether characters are of several kinds, unlike those of a word: `sk-learn-extra-packages`.
fn is_mixed(rest: &[u8]) -> bool {
    let has = |is_kind: fn(&u8) -> bool| rest.iter().any(is_kind);
    let is_cased = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && changes(rest) * 20 >= rest.len();
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) || is_cased
}

/// How often neighbours are of different kinds: small letters, capitals, digits.
pub(super) fn changes(word: &[u8]) -> usize {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let differ = |pair: &&[u8]| kind(pair[0]) != kind(pair[1]) && kind(pair[0]) * kind(pair[1]) > 0;
    word.windows(2).filter(differ).count()
}

/// Whether a word is a token, judging only by its format.
pub(super) fn is_token(word: &str) -> bool {
    first_token(word).is_some()
}

/// Whether a word is a token that is reported wherever it stands.
pub(super) fn is_reported_token(word: &str) -> bool {
    first_token(word).is_some_and(|(_, is_reported)| is_reported)
}

fn first_token(word: &str) -> Option<(usize, bool)> {
    let length = word.bytes().take_while(|byte| is_token_byte(*byte)).count();
    token_end(word.as_bytes(), 0, length)
}

/// The exact format of a kind of token.
struct Exact {
    /// Its name for messages, after "a" or "an".
    what: &'static str,
    /// The characters after the prefix; `None` where the form says all.
    rest: Option<(RangeInclusive<usize>, Alphabet)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Digit,
    /// A-Z, 2-7.
    Base32,
    Hex,
    /// Capitals and digits.
    Upper,
    Alphanumeric,
    /// Also `_` and `-`.
    Word,
    /// Also `+` and `/`.
    Base64,
    /// Numbers, then characters of `Word`, separated by `-`.
    Slack,
}

impl Alphabet {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "digit" => Self::Digit,
            "base32" => Self::Base32,
            "hex" => Self::Hex,
            "upper" => Self::Upper,
            "alphanumeric" => Self::Alphanumeric,
            "word" => Self::Word,
            "base64" => Self::Base64,
            "slack" => Self::Slack,
            _ => return None,
        })
    }

    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Digit => byte.is_ascii_digit(),
            Self::Base32 => byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Word | Self::Slack => is_token_byte(byte),
            Self::Base64 => is_token_byte(byte) || matches!(byte, b'+' | b'/'),
        }
    }
}

/// A word that is certainly a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name for messages: `GitHub token`.
    pub what: &'static str,
    /// The prefix of all such tokens, which is not secret.
    pub prefix: &'static str,
}

/// The prefixes of the tokens that [`exact_token`] knows.
pub fn token_prefixes() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(|format| format.exact.is_some()).map(|format| format.prefix)
}

/// The token that a word is, by its exact format; examples from documentation do not count.
pub fn exact_token(word: &[u8]) -> Option<Token> {
    token_at(word).filter(|(_, length)| *length == word.len()).map(|(token, _)| token)
}

/// The token that a text begins with, by its exact format, and its length.
pub fn token_at(text: &[u8]) -> Option<(Token, usize)> {
    let rows = &BY_START[usize::from(*text.first()?)];
    rows.iter().find_map(|row| {
        let format = &FORMATS[usize::from(*row)];
        let exact = format.exact.as_ref()?;
        let rest = text.strip_prefix(format.prefix.as_bytes())?;
        let length = match &exact.rest {
            Some((range, alphabet)) => {
                let length = rest.iter().take(LONGEST).take_while(|byte| is_token_byte(**byte)).count();
                let word = &rest[..length];
                let fits = word.iter().all(|byte| alphabet.has(*byte));
                let is_slack = *alphabet != Alphabet::Slack || is_numbered(word);
                let is_drawn = word.iter().any(u8::is_ascii_digit) || *alphabet == Alphabet::Base32;
                (range.contains(&length) && fits && is_slack && is_drawn).then_some(length)?
            }
            None => format.end(text, 0)? - format.prefix.len(),
        };
        let token = Token { what: exact.what, prefix: format.prefix };
        (!is_made_up(&rest[..length])).then_some((token, format.prefix.len() + length))
    })
}

/// `482913075561-q8Zr2Lw9Xk…`
fn is_numbered(rest: &[u8]) -> bool {
    let mut parts = rest.split(|byte| *byte == b'-');
    let number = |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= 8 && part.iter().all(u8::is_ascii_digit));
    number(parts.next()) && parts.next().is_some_and(|part| part.len() >= 10)
}

/// Whether a token was typed by hand, not generated: `…EXAMPLE`, `xxxxxxxx`, `1234567890`.
fn is_made_up(rest: &[u8]) -> bool {
    let lower = rest.to_ascii_lowercase();
    let mut seen = [false; 256];
    for byte in &lower {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    distinct < 7 || data::SECRET_WORDS.with("typed").any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Characters as they are drawn, of an alphabet.
fn drawn(alphabet: Alphabet, length: usize) -> String {
    let mixed = b"q8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0PaQeUiW";
    let fitting: Vec<u8> = match alphabet {
        Alphabet::Slack => b"482913075561-9051827364410-q8Zr2Lw9Xk4Tn6Vb1Mc3".to_vec(),
        Alphabet::Hex => b"8f14e45fceea167a5a36dedd4bea2543".to_vec(),
        Alphabet::Base32 | Alphabet::Upper => b"Q3EGRWZ5TLMB7KXD".to_vec(),
        _ => mixed.iter().copied().filter(|byte| alphabet.has(*byte)).collect(),
    };
    fitting.iter().cycle().take(length).map(|byte| char::from(*byte)).collect()
}

/// The shortest word that a row is about.
fn example(format: &Format) -> String {
    if let Some((range, alphabet)) = format.exact.as_ref().and_then(|exact| exact.rest.as_ref()) {
        let length = if *alphabet == Alphabet::Slack { 47 } else { *range.start() };
        return format!("{}{}", format.prefix, drawn(*alphabet, length.max(10)));
    }
    let part = |part: &Part| match part {
        Part::Literal(literal) => (*literal).to_owned(),
        Part::AtLeast(alphabet, least) => drawn(*alphabet, *least),
    };
    format.prefix.to_owned() + &format.parts.iter().map(part).collect::<String>()
}

/// For each row the shortest word that it is about, and what it is reported as in files: for tests of several crates.
#[doc(hidden)]
pub fn examples() -> Vec<(String, Option<&'static str>)> {
    let what = |format: &Format| format.exact.as_ref().map(|exact| exact.what);
    FORMATS.iter().map(|format| (example(format), what(format))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In two parts, so that scanners for tokens do not find one here.
    #[track_caller]
    fn check(prefix: &str, rest: &str, expected: Option<&str>) {
        let word = format!("{prefix}{rest}");
        assert_eq!(exact_token(word.as_bytes()).map(|token| token.what), expected, "{word}");
    }

    #[test]
    fn tokens_are_recognized_by_their_exact_look() {
        check("ghp_", "q8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0PaQeUiW", Some("GitHub token"));
        check("ghp_", "q8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0PaQeU", None);
        check("ghp_", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1", None);
        check("AKIA", "Q3EGRWZ5TLMB7KXD", Some("AWS access key"));
        check("AKIA", "IOSFODNN7EXAMPLE", None);
        check("npm_", "config_registry_of_the_whole_company", None);
        check("xoxb-", "482913075561-9051827364410-q8Zr2Lw9Xk4Tn6Vb1Mc3", Some("Slack token"));
        check("xoxb-", "not-a-token-but-words-with-7-letters", None);
        check("glpat-", "q8Zr2Lw9Xk4Tn6Vb1Mc3", Some("GitLab token"));
    }

    #[test]
    fn forms_are_written_as_they_are_read() {
        for format in FORMATS.iter() {
            let odd = format.parts.iter().any(|part| matches!(part, Part::Literal(word) if word.contains('*')));
            assert!(!odd && !format.parts.is_empty(), "{}: unknown class", format.prefix);
            // Files are searched for prefixes.
            assert!(format.exact.is_none() || !format.prefix.is_empty());
        }
        assert_eq!(FORMATS.len(), data::TOKEN_FORMATS.rows().count());
    }

    #[test]
    fn names_and_digests_are_no_tokens() {
        for word in [
            "npm_config_registry_for_all_of_them_1",
            "sk-learn-extra",
            "sk_buff_alloc_with_frags",
            "key-manager-of-the-whole-company-1",
            "secret_key_base_of_the_application_of_everybody_1",
            "s.abc",
            "Makefile.am.in",
            "linux-image-6.1.0-13-amd64-unsigned",
            "8f14e45fceea167a5a36dedd4bea25438f14e45fceea167a5a36dedd4bea2543",
            "re_compile_pattern",
            "pat_of_the_user",
            "oy2",
            "ACCEPT_EULA",
            "SKIP_DEPENDENCIES_INSTALL_0123456789",
            "4b1d8fcd4a9c4f06e5b1a1f9be8d76a5cdd0f4a34b1d8fcd4a9c4f06e5b1a1f9",
            "live_view_component_of_everybody",
            "pub-c-compiler-of-everybody-at-home-1",
            "api-server-of-everybody-12345678",
        ] {
            assert_eq!(tokens(word), [], "{word}");
        }
    }

    #[test]
    fn texts_made_of_prefixes_cost_little() {
        for piece in ["ghp_", "eyJ.", "a", "SG.a.", "12345678:AA", "-"] {
            let text = piece.repeat(200_000 / piece.len());
            assert!(tokens(&text).len() <= text.len());
        }
    }
}
