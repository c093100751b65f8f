//! Words that look drawn, whatever stands before them, and private keys. They are masked and not reported.

use std::ops::Range;

use super::token::{LONGEST, changes, is_token_byte, word_end};
use crate::data;

/// From this length on a word is looked at.
const SHORTEST: usize = 20;

/// The length of a secret key of AWS, whose alphabet has `/`.
const WITH_SLASHES: usize = 40;

/// The words of a text that look drawn: long, of capitals, small letters and digits that change all the time. Digests of
/// hexadecimal digits, versions and names do not.
pub(super) fn drawn_words(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| is_token_byte(**byte)).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let with_slashes = || {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
            let length = bytes[at..].iter().take(WITH_SLASHES + 1).take_while(|byte| is_part(byte)).count();
            (length == WITH_SLASHES).then_some(length)
        };
        let word = &bytes[at..at + length];
        if is_digest(&bytes[..at], word) {
            // Its letters may be any of base64.
            let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-');
            at += bytes[at..].iter().take_while(is_part).count().max(length);
            continue;
        }
        let end = (length >= SHORTEST && is_drawn(word)).then(|| word_end(bytes, at).max(at + length));
        let end = end.or_else(|| Some(at + with_slashes()?).filter(|end| is_drawn(&bytes[at..*end])));
        if let Some(end) = end {
            words.push(at..end);
            at = end;
        } else {
            at += length;
        }
    }
    words
}

fn is_drawn(word: &[u8]) -> bool {
    let count = |is_kind: fn(&u8) -> bool| word.iter().filter(|byte| is_kind(byte)).count();
    let letters = count(u8::is_ascii_alphanumeric);
    count(u8::is_ascii_digit) >= 2
        && count(u8::is_ascii_uppercase) >= 2
        && count(u8::is_ascii_lowercase) >= 2
        && letters * 8 >= word.len() * 7
        // The longer a word is, the rarer are names that change so often.
        && changes(word) * 20 >= letters * if letters < 32 { 9 } else { 7 }
}

/// Whether a word is the digest of something that everybody may know: `sha512-…`, `h1:…` of go.sum.
fn is_digest(before: &[u8], word: &[u8]) -> bool {
    before.ends_with(b"h1:")
        || ["sha1-", "sha256-", "sha384-", "sha512-"].iter().any(|mark| word.starts_with(mark.as_bytes()))
}

/// How a private key begins, in front of its kind.
const BEGIN: &str = "-----BEGIN ";

/// The bodies of the private keys of a text: to the mark of their end, or to the end of the text.
pub(super) fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut keys: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices(BEGIN) {
        if keys.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let kind = &text[at + BEGIN.len()..text.floor_char_boundary(at + BEGIN.len() + 60)];
        let Some((kind, _)) = kind.split_once("-----") else { continue };
        if kind.contains("PRIVATE KEY") {
            let start = at + BEGIN.len() + kind.len() + 5;
            let end = text[start..].find("-----END").map_or(text.len(), |end| start + end);
            keys.push(start..end);
        }
    }
    keys.retain(|key| text[key.clone()].bytes().filter(u8::is_ascii_alphanumeric).count() > SHORTEST);
    keys
}

/// The hashes of passwords of a text, which can be guessed from: `$6$salt$hash`, also with each `$` doubled as in compose
/// files, and `pbkdf2_sha256$260000$salt$hash`.
pub(super) fn password_hashes(text: &str) -> Vec<Range<usize>> {
    let mut hashes: Vec<Range<usize>> = Vec::new();
    for at in memchr::memchr_iter(b'$', text.as_bytes()) {
        let before = &text[..at];
        if before.ends_with('$') || hashes.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let rest = text[at..].trim_start_matches('$');
        let window = rest.as_bytes().iter().take(LONGEST_HASH_NAME);
        let Some(end) = window.copied().position(|byte| byte == b'$') else { continue };
        let (id, _) = rest.split_at(end);
        let is_count = id.len() > 2 && id.bytes().all(|byte| byte.is_ascii_digit());
        let is_derived = is_count && ["sha1", "sha256", "sha512"].iter().any(|name| before.ends_with(name));
        if !is_derived && !data::SECRET_WORDS.has(id, "hash") {
            continue;
        }
        let rest = rest[end..].trim_start_matches('$');
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"./$,=+-_".contains(byte);
        let length = rest.bytes().take(LONGEST).take_while(is_part).count();
        if length > SHORTEST && rest[..length].trim_end_matches('$').contains('$') {
            let start = text.len() - rest.len();
            hashes.push(start..start + length);
        }
    }
    hashes
}

/// The maximum length of the name of a hash.
const LONGEST_HASH_NAME: usize = 12;
