//! Secrets in sentences: `the admin password is X`, `Password for root: X`, `login with admin / X`.

use std::ops::Range;

use memchr::memmem;

use super::value;
use crate::data;

/// How far in front of a value the word stands that says what it is.
const LONGEST: usize = 60;

/// Words between that and the value.
const WORDS: usize = 6;

/// The shortest value that is looked at.
const SHORTEST: usize = 6;

/// The longest value.
const LONGEST_VALUE: usize = 200;

/// Where sentences of a text say a secret.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for sign in [" is ", ": ", " / "] {
        for at in memmem::find_iter(text.as_bytes(), sign) {
            let start = at + sign.len();
            let before = &text[text.ceil_char_boundary(at.saturating_sub(LONGEST))..at];
            if says_secret(before, sign) {
                places.extend(stated_value(text, start));
            }
        }
    }
    places
}

/// Whether the words in front of a value say that it is a secret, and not something about one.
fn says_secret(before: &str, sign: &str) -> bool {
    let line = before.rsplit(['\n', ';', '|', '"', '\'', '{', '(']).next().unwrap_or_default();
    let is_separator = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
    let words = line.rsplit(is_separator).filter(|word| !word.is_empty()).take(WORDS).map(str::to_ascii_lowercase);
    let words: Vec<String> = words.collect();
    let has = |word: &String, role| data::SECRET_WORDS.has(word, role);
    let role = if sign == " / " { "login" } else { "owned" };
    words.iter().any(|word| has(word, role)) && !words.iter().any(|word| has(word, "about") && !has(word, "owner"))
}

/// The word at a place, if it looks like a secret that somebody wrote down: letters and digits, no path, no name of a format.
fn stated_value(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..text.floor_char_boundary(start.saturating_add(LONGEST_VALUE))];
    let opened = rest.trim_start_matches(['"', '\'', '`', '\\']);
    let start = start + rest.len() - opened.len();
    let end = opened.find(|c: char| c.is_whitespace() || "\"'`,;<>()[]{}\\".contains(c)).unwrap_or(opened.len());
    let word = opened[..end].trim_end_matches(['.', '!', '?', ':']);
    let is_call = opened[end..].starts_with(['(', '[', '<']);
    let is_path = word.contains(['/', '$', '=']) || word.starts_with(['%', '@', '*', '-', '.']);
    let is_format = || {
        let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric());
        parts.any(|part| data::SECRET_WORDS.has(&part.to_ascii_lowercase(), "encoding"))
    };
    let is_stated = word.len() >= SHORTEST
        && !is_path
        && !is_call
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && value::is_distinct(word)
        && !is_format();
    is_stated.then(|| start..start + word.len())
}
