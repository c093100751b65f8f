//! Headers of HTTP in any text: of a config, a log, a heredoc. They are masked and not reported.

use super::found::{FoundSecret, Sign};
use super::value;
use crate::data;

/// The maximum length of what is looked at behind the name of a header.
const LONGEST: usize = 4096;

/// The secrets of all authorization and cookie headers.
pub(super) fn headers(text: &str, secrets: &mut Vec<FoundSecret>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b'z', b'Z', bytes) {
        let start = at.checked_sub(7);
        let word = start.and_then(|start| bytes.get(start..start + NAME.len()));
        if word.is_some_and(|word| word.eq_ignore_ascii_case(NAME)) {
            secrets.extend(authorization(text, at + 6).map(|part| FoundSecret::part(text, part, Sign::Hint)));
        }
    }
    for (at, name) in text.match_indices("ookie:") {
        cookies(behind(text, at + name.len()), |part| secrets.push(FoundSecret::part(text, part, Sign::Hint)));
    }
}

const NAME: &[u8] = b"authorization";

/// What follows on the line.
fn behind(text: &str, at: usize) -> &str {
    let rest = &text[at..text.floor_char_boundary(at.saturating_add(LONGEST))];
    rest.lines().next().unwrap_or_default()
}

/// `Authorization: Bearer X`, `set Authorization "Basic X"`.
fn authorization(text: &str, at: usize) -> Option<&str> {
    let is_sign = |c: char| c.is_whitespace() || matches!(c, ':' | '=' | '>' | '"' | '\'' | '\\' | ',');
    let line = behind(text, at);
    let mut value = line.trim_start_matches(is_sign);
    if value.len() == line.len() {
        return None;
    }
    let scheme = value.find([' ', '\t']).map(|end| value.split_at(end));
    let scheme = scheme.filter(|(word, _)| is_scheme(word));
    if let Some((_, rest)) = scheme {
        value = rest.trim_start();
        value = value.strip_prefix("token=").unwrap_or(value).trim_start_matches('"');
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '}' | '\\' | '|' | '&');
    let (word, rest) = value.split_at(value.find(ends).unwrap_or(value.len()));
    let is_last = rest.trim_start_matches([' ', '\t']).chars().next().is_none_or(|c| !c.is_alphanumeric());
    let counts = value::is_distinct(word) || scheme.is_some() && is_last && value::is_secret(word);
    (counts && !word.starts_with(['$', '{', '<', '%'])).then_some(word)
}

/// Whether a word stands before the secret in an authorization header.
pub(super) fn is_scheme(word: &str) -> bool {
    data::SECRET_WORDS.has(&word.to_ascii_lowercase(), "scheme")
}

/// The values of `Cookie: name=X; name=X`.
fn cookies<'t>(line: &'t str, mut take: impl FnMut(&'t str)) {
    let line = &line[..line.find(['"', '\'', '`']).unwrap_or(line.len())];
    for (_, value) in line.split(';').filter_map(|pair| pair.split_once('=')) {
        let value = value.split_whitespace().next().unwrap_or_default();
        if value::is_distinct(value) {
            take(value);
        }
    }
}
