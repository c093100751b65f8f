//! A secret that was found in a text, and why it counts as one.

use std::ops::Range;

/// A secret in a text.
#[derive(Debug, PartialEq, Eq)]
pub struct FoundSecret {
    /// Its value.
    pub value: String,
    /// Its span.
    pub range: Range<usize>,
    /// Why it counts as a secret.
    pub by: Sign,
}

/// Why something counts as a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is at the position of the password in a URL or a login.
    Login,
    /// It has the format of a known service's tokens.
    Look,
    /// It is assigned to this name, or is the value of this option.
    Name(String),
    /// It may be valid only for servers and users of the build itself, or no secret at all: it is masked, and not reported.
    Throwaway,
    /// It may be none: it is masked where it stands, and not reported.
    Hint,
}

impl Sign {
    /// Whether it is reported.
    pub const fn is_reported(&self) -> bool {
        !matches!(self, Self::Throwaway | Self::Hint)
    }
}

impl FoundSecret {
    /// `value` is a part of `text`.
    pub(super) fn part(text: &str, value: &str, by: Sign) -> Self {
        let start = (value.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        Self { value: value.to_owned(), range: start..start + value.len(), by }
    }
}
