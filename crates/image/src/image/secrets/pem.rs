//! Private keys in PEM (RFC 7468, OpenSSH's PROTOCOL.key): a block with a whole body, as a file has it or in JSON with
//! escaped line ends. A bare marker, as source code has it, is none.

use memchr::memmem;

use super::fact::{SecretFact, SecretFactKind};

/// What stands in the first and the last line of every such block.
pub(super) const MARK: &str = "PRIVATE KEY-----";

/// The longest body: a key of 16,384 bits takes 12 kB.
const LONGEST: usize = 32 << 10;

/// Base64 characters of the shortest key (Ed25519 in PKCS #8: 48 bytes).
const SHORTEST: usize = 64;

/// How the body of an OpenSSH key begins that has no passphrase: `openssh-key-v1`, cipher `none`.
const OPENSSH_PLAIN: &[u8] = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbm";

/// The key whose first line holds the mark at this place, and where it ends.
pub(super) fn key_at(text: &[u8], mark: usize) -> Option<(SecretFact, usize)> {
    let before = &text[mark.saturating_sub(40)..mark];
    let label = &before[memmem::rfind(before, b"-----BEGIN ")? + 11..];
    if !label.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b' ') {
        return None;
    }
    let start = mark + MARK.len();
    let body = &text[start..text.len().min(start + LONGEST)];
    let length = memmem::find(body, b"-----END ")?;
    let (body, end) = (&body[..length], start + length);
    let mut encrypted = label.starts_with(b"ENCRYPTED");
    let mut digits = Vec::new();
    for line in lines(body) {
        if line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED") {
            encrypted = true;
        } else if memchr::memchr(b':', line).is_none() {
            let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            if !line.iter().all(is_digit) {
                return None;
            }
            digits.extend_from_slice(line);
        }
    }
    if label.starts_with(b"OPENSSH") {
        encrypted = !digits.starts_with(OPENSSH_PLAIN);
    }
    let mut seen = [false; 256];
    for digit in &digits {
        seen[usize::from(*digit)] = true;
    }
    // A body of `xxxx` or `…` stands for a key.
    let drawn = seen.iter().filter(|seen| **seen).count() >= 16;
    let kind = if encrypted { SecretFactKind::EncryptedKey } else { SecretFactKind::PrivateKey };
    let key = SecretFact { kind, line: None, prefix: "", length: digits.len() as u32, name: None };
    (digits.len() >= SHORTEST && drawn).then_some((key, end))
}

/// The lines of a body, however they end; indentation is none of it.
fn lines(body: &[u8]) -> Vec<&[u8]> {
    let escaped = memchr::memchr(b'\n', body).is_none();
    let mut lines = Vec::new();
    let mut at = 0;
    let ends: Vec<usize> =
        if escaped { memmem::find_iter(body, b"\\n").collect() } else { memchr::memchr_iter(b'\n', body).collect() };
    for end in ends.into_iter().chain([body.len()]) {
        let line = &body[at..end];
        lines.push(line.strip_suffix(b"\\r").unwrap_or(line).trim_ascii());
        at = (end + if escaped { 2 } else { 1 }).min(body.len());
    }
    lines
}
