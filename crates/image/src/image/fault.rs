//! What is wrong with a blob, and where.

use std::error::Error;
use std::fmt;
use std::io;

/// What kind of thing keeps a blob from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Its source can't be read.
    Unreadable(io::ErrorKind),
    /// It ends too early.
    Truncated,
    /// It breaks its own format: a wrong checksum, no header where one should be.
    Corrupt,
    /// It goes past one of the [`Limits`](crate::image::Limits).
    Limit,
}

/// What is wrong with a blob, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// What is wrong, without its place: `the gzip stream ends early`.
    pub what: String,
    /// Bytes of the blob that were read when it came to light.
    pub offset: u64,
    /// Offset in the decompressed archive, where the archive is what is wrong.
    pub tar_offset: Option<u64>,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tar_offset {
            Some(offset) => write!(formatter, "{} (byte {offset} of the archive)", self.what),
            None => write!(formatter, "{} (byte {} of the blob)", self.what, self.offset),
        }
    }
}

impl Error for Fault {}

impl Fault {
    /// The source of a blob fails.
    pub(super) fn unreadable(error: &io::Error, offset: u64) -> Self {
        // A source that is itself a decoder says what is wrong with its own bytes.
        let what = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        let kind = what.map_or(FaultKind::Unreadable(error.kind()), |fault| fault.kind);
        Self { kind, what: format!("cannot be read: {error}"), offset, tar_offset: None }
    }
}
