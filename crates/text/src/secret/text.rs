//! Secrets in plain text: passwords in URLs, assignments, options of commands, tokens with a known format. The time is
//! linear in the length of the text.

use std::ops::Range;

use super::call::calls;
use super::command::in_commands;
use super::drawn::{drawn_words, password_hashes, private_keys};
use super::escape::{closing, escaped};
use super::found::{FoundSecret, Sign};
use super::header::headers;
use super::pair::pairs;
use super::sentence::sentences;
use super::token::tokens;
use super::url::{url_hints, urls};
use super::value;
use super::variable::{variable, weak_only};

/// All secrets in a text, wherever they are, also those that are none beyond doubt or stand within escaped quotes.
pub fn in_text(text: &str) -> Vec<FoundSecret> {
    let mut secrets = Vec::new();
    all(text, &mut secrets);
    escaped(text, all, &mut secrets);
    secrets
}

/// The secrets in a text but for hints: what a report is about is among them.
pub fn certain_in_text(text: &str) -> Vec<FoundSecret> {
    let mut secrets = Vec::new();
    certain(text, &mut secrets);
    secrets.retain(|secret| secret.by != Sign::Hint);
    secrets
}

fn all(text: &str, secrets: &mut Vec<FoundSecret>) {
    placed(text, secrets);
    let drawn = drawn_words(text).into_iter().chain(private_keys(text)).chain(password_hashes(text));
    secrets.extend(drawn.map(|word| FoundSecret::part(text, &text[word], Sign::Hint)));
}

/// The secrets that their place or their format tells.
pub(super) fn placed(text: &str, secrets: &mut Vec<FoundSecret>) {
    certain(text, secrets);
    url_hints(text, secrets);
    pairs(text, secrets);
    headers(text, secrets);
    calls(text, secrets);
    secrets.extend(sentences(text).into_iter().map(|word| FoundSecret::part(text, &text[word], Sign::Hint)));
}

fn certain(text: &str, secrets: &mut Vec<FoundSecret>) {
    urls(text, secrets);
    assignments(text, secrets);
    options(text, secrets);
    for option in in_commands(text) {
        let sign = if option.is_throwaway { Sign::Throwaway } else { Sign::Login };
        secrets.push(FoundSecret::part(text, option.value, sign));
    }
    for (word, is_reported) in tokens(text) {
        secrets.push(FoundSecret::part(text, &text[word], if is_reported { Sign::Look } else { Sign::Throwaway }));
    }
}

/// The defaults of variables in a text, with the variables' names: `${NAME:-text}`, `${NAME-text}`.
pub fn defaults(text: &str) -> Vec<(&str, &str)> {
    let mut defaults = Vec::new();
    for (at, _) in text.match_indices("${") {
        let inner = &text[at + 2..];
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, behind) = inner.split_at(end);
        let Some(operand) = behind.strip_prefix(":-").or_else(|| behind.strip_prefix('-')) else { continue };
        let window = &operand[..operand.floor_char_boundary(LONGEST)];
        let mut depth = 1_usize;
        let close = window.char_indices().find(|(_, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        if let Some((end, _)) = close {
            defaults.push((name, value::unquoted(&window[..end])));
        }
    }
    defaults
}

/// `TOKEN=…`, `--password=…`.
fn assignments(text: &str, secrets: &mut Vec<FoundSecret>) {
    let mut done = 0;
    for (at, _) in text.match_indices('=').filter(|character| character.0 > 0) {
        if at < done {
            continue;
        }
        let before = &text[done..at];
        let is_outside = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.');
        let start = before
            .char_indices()
            .rev()
            .find(|character| is_outside(character.1))
            .map_or(0, |(at, c)| at + c.len_utf8());
        let name = &before[start..];
        if weak_only(name).is_some() {
            let range = assigned(text, at + 1);
            // Nothing is checked twice: a value may be full of `=`.
            done = range.end;
            let printed = printed(&text[at + 1..]).filter(|word| value::is_distinct(word));
            secrets.extend(printed.map(|word| FoundSecret::part(text, word, Sign::Throwaway)));
            push(text, name, range, secrets);
        }
    }
}

/// The words that a command prints whose output is the value: `$(echo X | base64)`.
fn printed(value: &str) -> impl Iterator<Item = &str> {
    let value = value.trim_start_matches(['"', '\\']);
    let inner = value.strip_prefix("$(").or_else(|| value.strip_prefix('`')).unwrap_or_default();
    let inner = &inner[..inner.floor_char_boundary(LONGEST)];
    let inner = &inner[..inner.find([')', '`', '|', '\n']).unwrap_or(inner.len())];
    let mut words = inner.split([' ', '"', '\'', '\\']).filter(|word| !word.is_empty());
    let prints = words.next().is_some_and(|program| matches!(program, "echo" | "printf"));
    words.filter(move |_| prints)
}

/// The maximum length of an option's name.
const LONGEST_NAME: usize = 64;

/// `--api-key …`, also in exec form.
fn options(text: &str, secrets: &mut Vec<FoundSecret>) {
    let mut done = 0;
    for (at, _) in text.match_indices('-') {
        if at < done || text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-') {
            continue;
        }
        let dashes = if text[at..].starts_with("--") { 2 } else { 1 };
        let rest = &text[at + dashes..];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = rest.bytes().take(LONGEST_NAME).take_while(|byte| is_name(byte)).count();
        let name = &rest[..length];
        let Some(start) = next_word(text, at + dashes + length) else { continue };
        if weak_only(name) != Some(false) && (dashes == 1 || weak_only(name).is_none()) {
            continue;
        }
        let range = assigned(text, start);
        let word = &text[range.clone()];
        if !word.starts_with('-') && !word.starts_with("id=") && !word.starts_with("type=") {
            done = range.end;
            push(text, name, range, secrets);
        }
    }
}

fn push(text: &str, name: &str, range: Range<usize>, secrets: &mut Vec<FoundSecret>) {
    let secret = variable(name, Some(&text[range.clone()]));
    let by = Sign::Name(name.to_owned());
    secrets.extend(secret.and_then(|secret| secret.value).map(|value| FoundSecret { value, range, by }));
}

/// Where the next word of a command begins: after white space, or after the comma of an exec form.
fn next_word(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quoted = matches!(bytes.get(at), Some(b'"' | b'\''));
    let mut next = at + usize::from(quoted);
    let behind = next;
    // No real file has more white space than that.
    while next < behind + LONGEST_NAME && matches!(bytes.get(next), Some(b' ' | b'\t' | b',')) {
        next += 1;
    }
    (next > behind).then_some(next)
}

/// The maximum length of a value.
const LONGEST: usize = 4096;

/// The value at a position: up to the closing quote on the line, or else up to the end of the word.
fn assigned(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at..text.ceil_char_boundary((at + LONGEST).min(text.len()))];
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &rest[1..];
        let is_escaped = text[..at].ends_with('\\');
        let line = closing(inner, quote, is_escaped);
        let closed = inner[line..].starts_with(quote);
        // The rest of a value whose quote closes on another line is hidden with the whole instruction.
        let value = if closed && is_escaped {
            inner[..line].trim_end_matches('\\')
        } else if closed {
            &inner[..line]
        } else {
            inner[..line].trim_end().trim_end_matches(['\\', '`'])
        };
        return at + 1..at + 1 + value.len();
    }
    let ends = |c: char| matches!(c, ';' | '&' | '|' | '<' | '>' | '(' | ')' | '"' | '\'' | '`' | ',');
    let stop = rest.find(|c: char| c.is_whitespace() || ends(c)).unwrap_or(rest.len());
    let value = if rest[stop..].starts_with('\n') { rest[..stop].trim_end_matches('\\') } else { &rest[..stop] };
    at..at + value.len()
}
