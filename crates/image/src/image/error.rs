//! Why an image, or a part of it, could not be read.

use std::fmt;
use std::io;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageErrorKind {
    /// Reading failed: permissions, a connection that went away.
    Unreadable,
    /// The bytes are not what they must be: cut off, or against the format.
    Damaged,
    /// Something is named and not there.
    Missing,
    /// A digest or a size is not the one that was announced.
    Mismatch,
    /// A bound on sizes, counts or nesting was reached.
    TooLarge,
    /// What dockopt does not read.
    Unsupported,
    /// Nothing that is asked for, or too much: a platform or a reference must be chosen.
    Choice,
    /// The input is no image at all.
    NotAnImage,
    /// The user stopped it.
    Cancelled,
}

/// Why an image, or a part of it, could not be read: where, what and what to do. Texts come from the input in parts;
/// sinks neutralise control characters themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of trouble it is.
    pub trouble: ImageErrorKind,
    /// The file of the archive, or the digest of the blob.
    pub place: Option<String>,
    /// Bytes from the place's start.
    pub offset: Option<u64>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Error {
    /// Trouble without a place.
    pub fn new(trouble: ImageErrorKind, message: impl Into<String>) -> Self {
        Self { trouble, place: None, offset: None, message: message.into(), help: None }
    }

    /// What went wrong while reading; an end that came too early is damage.
    pub fn io(error: &io::Error) -> Self {
        let trouble = match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                ImageErrorKind::Damaged
            }
            _ => ImageErrorKind::Unreadable,
        };
        Self::new(trouble, error.to_string())
    }

    /// Where it is; the first place that is told counts.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.place.get_or_insert_with(|| place.to_owned());
        self
    }

    /// How far from the place's start.
    #[must_use]
    pub const fn from_start(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(formatter, "`{place}`")?;
            if let Some(offset) = self.offset {
                write!(formatter, " at byte {offset}")?;
            }
            formatter.write_str(": ")?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where() {
        let error = Error::new(ImageErrorKind::Damaged, "the archive ends early").at("blobs/sha256/00").from_start(512);
        assert_eq!(error.clone().at("other").to_string(), "`blobs/sha256/00` at byte 512: the archive ends early");
        assert_eq!(Error::new(ImageErrorKind::Missing, "no image").to_string(), "no image");
        let early = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(Error::io(&early).trouble, ImageErrorKind::Damaged);
    }
}
