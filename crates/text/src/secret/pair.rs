//! Names with their values in JSON, YAML, TOML, XML, SQL and the like: they are masked and not reported, as such a text may
//! describe a value and not hold it.

use std::ops::Range;

use super::escape::closing;
use super::found::{FoundSecret, Sign};
use super::value;
use super::variable::{variable, weak_only};
use crate::data;

/// The maximum length of a name, of the blanks after it, and of a value.
const LONGEST_NAME: usize = 64;
const LONGEST_BLANKS: usize = 40;
const LONGEST: usize = 4096;

/// All pairs of a text whose name says secret.
pub(super) fn pairs(text: &str, secrets: &mut Vec<FoundSecret>) {
    let mut done = 0;
    let bytes = text.as_bytes();
    for at in memchr::memchr3_iter(b':', b'=', b'>', bytes) {
        if at >= done
            && let Some((range, is_secret)) = pair(text, at)
        {
            // Nothing is looked at twice: a value may be full of signs.
            done = range.end;
            if is_secret && !range.is_empty() {
                secrets.push(FoundSecret::part(text, &text[range], Sign::Hint));
            }
        }
    }
    for at in memchr::memchr2_iter(b' ', b'\t', bytes) {
        secrets.extend(spaced(text, at).map(|range| FoundSecret::part(text, &text[range], Sign::Hint)));
    }
}

/// The name in front of a place, what stands before it, and whether it is quoted.
fn name_before(text: &str, at: usize) -> (&str, &str, bool) {
    let from = text.ceil_char_boundary(at.saturating_sub(LONGEST_NAME + LONGEST_BLANKS));
    let plain = text[from..at].trim_end_matches([' ', '\t']);
    let bare = plain.trim_end_matches(['"', '\'', '\\', ']']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = bare.rfind(|c| !is_name(c)).map_or(0, |end| bare.ceil_char_boundary(end + 1));
    (&bare[start..], &text[..from + start], bare.len() < plain.len())
}

/// The value of the pair around a sign whose name says secret, and whether it is one.
fn pair(text: &str, at: usize) -> Option<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    let (sign, next) = (bytes[at], bytes.get(at + 1).copied().unwrap_or(b'\n'));
    let before = &text[..at];
    // `==`, `!=`, `>=`, `::`, `//`: comparisons and places.
    if matches!(next, b'=' | b':') || (sign != b'>' && next == b'/' && bytes.get(at + 2) == Some(&b'/')) {
        return None;
    }
    if sign == b'>' && !before.ends_with('=') {
        return element(text, at);
    }
    let before = before.trim_end_matches(['=', ':', '?', '+', '!', '<', '-', '|']);
    let (name, before, is_quoted) = name_before(text, before.len());
    if name.is_empty() {
        return None;
    }
    // Behind a name without a blank, `=` is an assignment.
    // Alone it is the working directory, but not as the key of a text: `{user: 'me', pwd: 'X'}`.
    let is_key = || sign == b':' && text[at + 1..].trim_start_matches([' ', '\\']).starts_with(['"', '\'']);
    let is_pwd = name.eq_ignore_ascii_case("pwd") && (before.ends_with(';') || is_key());
    let is_member = || is_value_of_secret(before, name);
    // `{"auths": {"registry.example.com": {"auth": "X"}}}` of Docker.
    let is_login = name == "auth" && is_quoted && is_key();
    if weak_only(name).is_none() && !is_pwd && !is_login && !is_member() {
        return None;
    }
    let range = value_at(text, at + 1, sign == b':' && !is_quoted && is_line_start(before));
    let value = &text[range.clone()];
    let is_secret = match weak_only(name) {
        Some(true) if !is_login => variable(name, Some(value)).is_some(),
        _ => value::is_secret(value),
    };
    let opens = value.starts_with(['$', '{', '[', '|', '*', '&', '!', '<', '(', '>', '%']);
    let is_closed = text[range.start.saturating_sub(1)..].starts_with(['"', '\'']);
    // In prose the word after a colon is not a secret: `token: the one of the team`.
    let is_long = || value.len() >= 20 && !value.contains(' ');
    let counts = is_closed && (!is_login || is_long())
        || value::is_distinct(value)
        || is_line_start(before) && !value.contains(' ');
    Some((range, is_secret && !opens && counts))
}

/// `<password>value</password>`
fn element(text: &str, at: usize) -> Option<(Range<usize>, bool)> {
    let from = text.ceil_char_boundary(at.saturating_sub(LONGEST_NAME));
    let (_, name) = text[from..at].rsplit_once('<')?;
    // Looked at before the value: a text may be full of signs.
    if name.starts_with('/') || weak_only(name).is_none() {
        return None;
    }
    let rest = &text[at + 1..text.floor_char_boundary(at.saturating_add(LONGEST))];
    let value = &rest[..rest.find('<')?];
    (variable(name, Some(value)).is_some() && !value.trim().is_empty()).then(|| (at + 1..at + 1 + value.len(), true))
}

/// Whether nothing but blanks stands before a place on its line.
fn is_line_start(before: &str) -> bool {
    // Not the whole line: one of megabytes may hold a hundred thousand pairs.
    let is_indent = |c: char| c != '\n' && c.is_whitespace() || matches!(c, '-' | '+');
    let above = before.trim_end_matches(is_indent);
    above.is_empty() || above.ends_with('\n')
}

/// `name: DB_PASSWORD` in front of `value`.
fn is_value_of_secret(before: &str, name: &str) -> bool {
    if !matches!(name, "value" | "Value" | "stringValue") {
        return false;
    }
    let from = before.ceil_char_boundary(before.len().saturating_sub(2 * LONGEST_NAME));
    let before = before[from..].trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = before.rfind(|c| !is_name(c)).map_or(0, |end| before.ceil_char_boundary(end + 1));
    let (rest, name) = before.split_at(start);
    let key = rest.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    weak_only(name).is_some() && ["name", "key"].iter().any(|known| key.to_ascii_lowercase().ends_with(known))
}

/// The value at a place: up to the quote that closes it, else to the end of the word, or of the line.
fn value_at(text: &str, at: usize, is_line: bool) -> Range<usize> {
    let window = &text[at..text.floor_char_boundary(at.saturating_add(LONGEST))];
    let rest = window.trim_start_matches('>');
    let blanks = rest.bytes().take(LONGEST_BLANKS).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = &rest[blanks..];
    let start = at + (window.len() - window.trim_start_matches('>').len()) + blanks;
    let escaped = rest.starts_with("\\\"") || rest.starts_with("\\'");
    let bare = &rest[usize::from(escaped)..];
    if let Some(quote) = bare.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &bare[1..];
        let value = inner[..closing(inner, quote, escaped)].trim_end_matches('\\');
        let start = start + usize::from(escaped) + 1;
        return start..start + value.len();
    }
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '}' | ')' | ']' | '"' | '\'' | '`' | '&' | '|' | '<' | '\\')
    };
    if !is_line {
        // A word ends where its line or a comment begins, too.
        return start..start + rest.find(ends).unwrap_or(rest.len());
    }
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let line = &line[..line.find(" #").unwrap_or(line.len())];
    start..start + line.trim_end().len()
}

/// `IDENTIFIED BY 'value'`, `PASSWORD 'value'`, `login me password value`, `requirepass value`: a name, a blank and a
/// value.
fn spaced(text: &str, at: usize) -> Option<Range<usize>> {
    let before = &text[text.ceil_char_boundary(at.saturating_sub(LONGEST_NAME))..at];
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let word = &before[before.rfind(|c| !is_letter(c)).map_or(0, |end| before.ceil_char_boundary(end + 1))..];
    // `/etc/passwd X`: the word is the end of a path.
    if !(2..=20).contains(&word.len()) || before[..before.len() - word.len()].ends_with('/') {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let is_sql = lower == "by" && before.to_ascii_lowercase().contains("identified ");
    // `user app on >X` of Redis
    let is_acl = lower == "on" && text[at + 1..].starts_with('>') && before.to_ascii_lowercase().contains("user ");
    if !(is_sql || is_acl || data::SECRET_WORDS.has(&lower, "spaced")) {
        return None;
    }
    // `PASSWORD E'X'`
    let prefix = text[at + 1..].starts_with("E'") || text[at + 1..].starts_with("N'");
    let mut range = value_at(text, at + 1 + usize::from(prefix), false);
    // `rootpw --plaintext X`, `send -- "X"`
    if text[range.clone()].starts_with("--") && text[range.end..].starts_with(' ') {
        range = value_at(text, range.end + 1, false);
    }
    let value = &text[range.clone()];
    // The next pair, and not a value: `passwd NAME=value`.
    let name = value.split('=').next().filter(|name| name.len() < value.trim_end_matches('=').len());
    if name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')) {
        return None;
    }
    let is_quoted = text[..range.start].ends_with('\'');
    let counts = if is_quoted { value::is_secret(value) } else { value::is_distinct(value) };
    (counts && !value.starts_with(['$', '-', '<', '{'])).then_some(range)
}
