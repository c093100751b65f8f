//! Tokens of well-known services, by their prefixes: matched loosely to mask them, and exactly to report them.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use crate::data;

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The words of a text that are tokens, judging only by their format.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    // Word boundaries are searched as bytes: most words are too short to be checked.
    let words = text.as_bytes().split(|byte| !is_token_byte(*byte)).filter(|word| word.len() >= SHORTEST);
    words.filter_map(|word| std::str::from_utf8(word).ok()).filter(|word| is_token(word))
}

/// A row of `data/token_formats.tsv`.
struct Format {
    prefix: &'static str,
    /// The number of characters after the prefix from which a word is masked.
    least: Option<usize>,
    exact: Option<Exact>,
}

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let exact = |what, min: &str, max: &str, alphabet| {
        let of = match alphabet {
            "base32" => Alphabet::Base32,
            "hex" => Alphabet::Hex,
            "alphanumeric" => Alphabet::Alphanumeric,
            "word" => Alphabet::Word,
            "slack" => Alphabet::Slack,
            _ => return None,
        };
        Some(Exact { what, rest: min.parse().ok()?..=max.parse().ok()?, of })
    };
    let format = |row: data::Row| match row {
        &[prefix, least, what, min, max, alphabet, ..] => {
            Some(Format { prefix, least: least.parse().ok(), exact: exact(what, min, max, alphabet) })
        }
        _ => None,
    };
    data::TOKEN_FORMATS.rows().filter_map(format).collect()
});

/// The length of the shortest token in bytes, which excludes most words.
const SHORTEST: usize = 20;

/// Whether a word is a token, judging only by its format.
pub(super) fn is_token(word: &str) -> bool {
    if word.len() < SHORTEST {
        return false;
    }
    let Some((prefix, rest)) = FORMATS.iter().find_map(|format| {
        let rest = word.strip_prefix(format.prefix)?;
        (rest.len() >= format.least?).then_some((format.prefix, rest))
    }) else {
        return false;
    };
    // `npm_config_…` and similar words are names.
    let plain = matches!(prefix, "npm_" | "hf_" | "ghp_" | "gho_" | "ghu_" | "ghs_" | "ghr_");
    let fits = |byte: u8| match prefix {
        "AKIA" => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        _ if plain => byte.is_ascii_alphanumeric(),
        _ => is_token_byte(byte),
    };
    rest.bytes().all(fits)
        && rest.bytes().any(|byte| byte.is_ascii_digit())
        && rest.bytes().any(|byte| byte.is_ascii_alphabetic())
        && (prefix != "AKIA" || word.len() == 20)
}

/// The exact format of a kind of token.
struct Exact {
    /// Its name for messages, after "a" or "an".
    what: &'static str,
    /// The characters after the prefix.
    rest: RangeInclusive<usize>,
    of: Alphabet,
}

#[derive(Clone, Copy)]
enum Alphabet {
    /// A-Z, 2-7.
    Base32,
    Hex,
    Alphanumeric,
    /// Also `_` and `-`.
    Word,
    /// Numbers, then characters of `Word`, separated by `-`.
    Slack,
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
    let (prefix, exact, rest) = FORMATS.iter().find_map(|format| {
        Some((format.prefix, format.exact.as_ref()?, word.strip_prefix(format.prefix.as_bytes())?))
    })?;
    let fits = |byte: &u8| match exact.of {
        Alphabet::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(byte),
        Alphabet::Hex => byte.is_ascii_hexdigit(),
        Alphabet::Alphanumeric => byte.is_ascii_alphanumeric(),
        Alphabet::Word | Alphabet::Slack => is_token_byte(*byte),
    };
    let numbered = || {
        let mut parts = rest.split(|byte| *byte == b'-');
        let number =
            |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= 8 && part.iter().all(u8::is_ascii_digit));
        number(parts.next()) && parts.next().is_some_and(|part| part.len() >= 10)
    };
    let slack = !matches!(exact.of, Alphabet::Slack) || numbered();
    let drawn = rest.iter().any(u8::is_ascii_digit) || matches!(exact.of, Alphabet::Base32);
    (exact.rest.contains(&rest.len()) && rest.iter().all(fits) && slack && drawn && !is_made_up(rest))
        .then_some(Token { what: exact.what, prefix })
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
}
