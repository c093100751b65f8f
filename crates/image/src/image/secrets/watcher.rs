//! Which files are looked into, and how.

use super::credentials::{self, Form};
use super::fact::{SecretFact, SecretFactKind};
use super::scan;

/// Larger files are no text that somebody wrote.
const LARGEST: u64 = 1 << 20;

/// Secrets of one file that are told.
const MOST: usize = 20;

/// Reads one file that may hold secrets.
#[derive(Debug)]
pub(crate) struct Watcher {
    form: Form,
    size: u64,
    /// What came so far, where it came in several pieces.
    bytes: Vec<u8>,
    secrets: Vec<SecretFact>,
    /// Nothing more is wanted.
    done: bool,
}

impl Watcher {
    /// A reader for a file by its path without a leading slash, and its size.
    pub(crate) fn new(path: &[u8], size: u64) -> Option<Self> {
        if size == 0 || size > LARGEST {
            return None;
        }
        let form = Form::of(path);
        Some(Self { form, size, bytes: Vec::new(), secrets: Vec::new(), done: false })
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        if self.done || piece.is_empty() {
            return;
        }
        if self.bytes.is_empty() {
            self.done = self.form != Form::KeyStore && !scan::is_text(piece);
            if self.done {
                return;
            }
            if piece.len() as u64 == self.size {
                self.done = true;
                self.secrets = look(self.form, piece);
                return;
            }
        }
        if (self.bytes.len() + piece.len()) as u64 > LARGEST {
            self.done = true;
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(piece);
        }
    }

    /// What the file tells.
    pub(crate) fn finish(self) -> Vec<SecretFact> {
        if self.bytes.is_empty() { self.secrets } else { look(self.form, &self.bytes) }
    }
}

fn look(form: Form, bytes: &[u8]) -> Vec<SecretFact> {
    let mut secrets = match form {
        Form::KeyStore => key_store(bytes).into_iter().collect(),
        _ => scan::tokens_and_keys(bytes),
    };
    credentials::look(form, bytes, &mut secrets);
    secrets.sort_by_key(|fact| (fact.line, fact.kind));
    // A token that a credential file assigns is one secret, and the service's name says more.
    secrets.dedup_by(|later, first| {
        later.line == first.line && later.length == first.length && !matches!(first.kind, SecretFactKind::PrivateKey)
    });
    secrets.truncate(MOST);
    secrets
}

/// JKS and JCEKS: magic, version, count, and the tag of the first entry: 1 is a private key. PKCS #12 (RFC 7292): a
/// SEQUENCE that begins with the version 3.
fn key_store(bytes: &[u8]) -> Option<SecretFact> {
    let jks = matches!(bytes.get(..4), Some([0xFE, 0xED, 0xFE, 0xED] | [0xCE, 0xCE, 0xCE, 0xCE]));
    let private = jks && bytes.get(12..16) == Some(&[0, 0, 0, 1]);
    let header = match bytes {
        [0x30, 0x80, ..] => 2,
        [0x30, long, ..] if *long > 0x80 => 2 + usize::from(long & 0x7F),
        _ => usize::MAX,
    };
    let pkcs12 = header != usize::MAX && bytes.get(header..header + 3) == Some(&[2, 1, 3]);
    let length = u32::try_from(bytes.len()).ok()?;
    (private || pkcs12).then_some(SecretFact {
        kind: SecretFactKind::KeyStore,
        line: None,
        prefix: "",
        length,
        name: None,
    })
}
