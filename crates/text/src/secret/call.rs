//! Secrets among the arguments of a call in any language: `define('DB_PASSWORD', 'X')`, `os.getenv("API_TOKEN", "X")`,
//! `PASSWORD('X')`, `create_superuser('me', 'm@x', 'X')`, `process.env.API_KEY || 'X'`. They are masked and not reported.

use super::found::{FoundSecret, Sign};
use super::value;
use super::variable::{weak_only, words};
use crate::data;

/// The maximum length of a name, and of an argument.
const LONGEST_NAME: usize = 64;
const LONGEST: usize = 4096;

/// All calls of a text with such an argument.
pub(super) fn calls(text: &str, secrets: &mut Vec<FoundSecret>) {
    for at in memchr::memchr3_iter(b'(', b',', b'|', text.as_bytes()) {
        let value = match text.as_bytes()[at] {
            b'(' => argument(text, at),
            b',' => default(text, at),
            _ => alternative(text, at),
        };
        secrets.extend(value.map(|value| FoundSecret::part(text, value, Sign::Hint)));
    }
}

/// The name that ends at a place.
fn name_before(text: &str, at: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(LONGEST_NAME));
    let before = &text[from..at];
    let is_outside = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-');
    &before[before.rfind(is_outside).map_or(0, |end| before.ceil_char_boundary(end + 1))..]
}

/// The text between quotes that begins at a place, behind blanks.
fn quoted(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..text.floor_char_boundary(at.saturating_add(LONGEST))];
    let rest = rest.trim_start_matches([' ', '\t', '\\']);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = &rest[1..];
    let value = inner[..inner.find([quote, '\n'])?].trim_end_matches('\\');
    (!value.starts_with(['$', '{', '<', '%'])).then_some(value)
}

/// `PASSWORD('X')`, and the last argument of a call that makes a user.
fn argument(text: &str, at: usize) -> Option<&str> {
    if !matches!(text.as_bytes().get(at + 1), Some(b'"' | b'\'' | b' ' | b'\\')) {
        return None;
    }
    let name = name_before(text, at);
    if name.is_empty() {
        return None;
    }
    if data::SECRET_WORDS.has(&name.to_ascii_lowercase(), "call") {
        let rest = &text[at..text.floor_char_boundary(at.saturating_add(LONGEST))];
        let arguments = &rest[..rest.find([')', '\n'])?];
        let argument = &arguments[arguments.rfind(',')? + 1..];
        let start = argument.as_ptr() as usize - text.as_ptr() as usize;
        return quoted(text, start).filter(|value| value::is_secret(value));
    }
    let is_password = words(name).last().is_some_and(|word| data::SECRET_WORDS.has(word, "owned"));
    let value = is_password.then(|| quoted(text, at + 1)).flatten()?;
    value::is_distinct(value).then_some(value)
}

/// `'NAME', 'X'` where the name says secret.
fn default(text: &str, at: usize) -> Option<&str> {
    let before = text[..at].trim_end_matches('\\').strip_suffix(['"', '\''])?.trim_end_matches('\\');
    let name = name_before(text, before.len());
    // The next word of an option is found as such.
    if name.starts_with('-') {
        return None;
    }
    weak_only(name)?;
    // In a list of words the next one is rather a command: `["vault", "token", "lookup"]`.
    let is_upper =
        name.bytes().any(|byte| byte.is_ascii_uppercase()) && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let value = quoted(text, at + 1)?;
    let counts = if is_upper { value::is_secret(value) } else { value::is_distinct(value) };
    counts.then_some(value)
}

/// `NAME || 'X'`
fn alternative(text: &str, at: usize) -> Option<&str> {
    if !text[at..].starts_with("||") {
        return None;
    }
    let before = text[..at].trim_end_matches([' ', '"', '\'', ']', ')']);
    weak_only(name_before(text, before.len()))?;
    quoted(text, at + 2).filter(|value| value::is_secret(value))
}
