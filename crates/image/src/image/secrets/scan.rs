//! Any text: tokens by their exact look, and private keys.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::fact::{SecretFact, SecretFactKind};
use super::pem;
use crate::secret::{token_at, token_prefixes};

/// Bytes at a file's start that tell whether it is a text.
const START: usize = 1024;

/// Marks of keys in one file that are looked at, with 32 kB behind each: a file made of them costs no more.
const MOST_MARKS: usize = 200;

/// Whether a file is a text by its start.
pub(super) fn is_text(piece: &[u8]) -> bool {
    memchr::memchr(0, &piece[..piece.len().min(START)]).is_none()
}

/// Literals only, so that a vector search finds them: most files have none.
static STARTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let starts: Vec<String> = token_prefixes().chain([pem::MARK]).map(regex::escape).collect();
    Regex::new(&format!("(?-u){}", starts.join("|"))).ok()
});

/// All tokens and private keys of a text, in order.
pub(super) fn tokens_and_keys(text: &[u8]) -> Vec<SecretFact> {
    let mut secrets = Vec::new();
    let Some(starts) = &*STARTS else { return secrets };
    let (mut done, mut marks) = (0, 0);
    for start in starts.find_iter(text) {
        let at = start.start();
        if at < done {
            continue;
        }
        if start.as_bytes() == pem::MARK.as_bytes() {
            marks += 1;
            if marks > MOST_MARKS {
                continue;
            }
            if let Some((key, end)) = pem::key_at(text, at) {
                done = end;
                secrets.push(SecretFact { line: Some(line(text, at)), ..key });
            }
            continue;
        }
        let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let before = text[..at].last();
        // Behind an escaped line end stands a word of its own.
        let escaped = before == Some(&b'n') && text[..at].ends_with(b"\\n");
        if before.is_some_and(is_inside) && !escaped {
            continue;
        }
        if let Some((token, length)) = token_at(&text[at..]) {
            done = at + length;
            let kind = SecretFactKind::Token(token.what);
            let (line, length) = (Some(line(text, at)), length as u32);
            secrets.push(SecretFact { kind, line, prefix: token.prefix, length, name: None });
        }
    }
    secrets
}

/// The line of a place, the first is 1.
pub(super) fn line(text: &[u8], at: usize) -> u32 {
    1 + memchr::memchr_iter(b'\n', &text[..at]).count() as u32
}
