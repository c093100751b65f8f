//! What follows the steps of a failed build: the place in the Dockerfile and the builder's message.

use super::logged_build::{BuildError, short_text};

/// Reads the lines after the steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailer {
    /// A line that may name a place, because the next one may be a rule.
    candidate: Option<(String, u32)>,
    place: Option<(String, u32)>,
    message: Option<String>,
    is_check: bool,
}

impl Trailer {
    /// Takes a line that belongs to no step.
    pub(super) fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"----------") {
            self.place = self.candidate.take().or(self.place.take());
            return;
        }
        self.candidate = place(line);
        let message = line.strip_prefix(b"ERROR: ").or_else(|| line.strip_prefix(b"error: "));
        if let Some(message) = message
            && (self.message.is_none() || message.starts_with(b"failed to "))
        {
            self.message = Some(builder_message(&short_text(message)).to_owned());
        }
        self.is_check |= line.starts_with(b"Check complete");
    }

    /// Whether the build failed.
    pub(super) fn is_failed(&self) -> bool {
        self.message.is_some()
    }

    /// Whether nothing but the Dockerfile was checked.
    pub(super) fn is_check(&self) -> bool {
        self.is_check
    }

    /// Why the build failed.
    pub(super) fn error(self) -> Option<BuildError> {
        let place = self.place;
        self.message.map(|message| BuildError { message, place })
    }
}

/// `Dockerfile:3`.
fn place(line: &[u8]) -> Option<(String, u32)> {
    let colon = memchr::memrchr(b':', line)?;
    let digits = &line[colon + 1..];
    if colon == 0 || digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((short_text(&line[..colon]), std::str::from_utf8(digits).ok()?.parse().ok()?))
}

/// The builder's message without the words that clients put before it.
pub fn builder_message(text: &str) -> &str {
    let text = text.strip_prefix("failed to build: ").unwrap_or(text);
    text.strip_prefix("failed to solve: ").unwrap_or(text)
}
