//! Tar archives of every dialect: a walk over headers that hands out contents in pieces, made for hostile input. What
//! dialects leave open is decided as Go's `archive/tar` does, which docker, BuildKit, containerd and podman read with.

mod header;
#[cfg(test)]
pub(crate) mod test_blocks;
mod pax;
mod sparse;
#[cfg(test)]
mod tests;
mod walk;

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead};

pub use self::walk::MemberWalk;
use crate::image::layer::Xattrs;

/// Bytes of a block: headers have one, contents are padded to whole ones.
pub(crate) const BLOCK: usize = 512;

/// A source of archive bytes. Those that can seek pass over contents without reading them.
pub trait Skip: BufRead {
    /// Passes over bytes; the answer is how many there were, fewer than asked only at the source's end.
    ///
    /// # Errors
    /// When the source can't be read.
    fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        let mut remaining = bytes;
        while remaining > 0 {
            let available = self.fill_buf()?.len();
            if available == 0 {
                break;
            }
            let now = available.min(usize::try_from(remaining).unwrap_or(usize::MAX));
            self.consume(now);
            remaining -= now as u64;
        }
        Ok(bytes - remaining)
    }
}

impl Skip for &[u8] {}

/// What a member is, as its type flag says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberKind {
    /// Contents: `0`, NUL, `S` (sparse).
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
    /// `5`, or NUL where the name ends with a slash.
    Directory,
    /// `6`.
    Fifo,
    /// A global extended header (`g`), which is no file. What it sets is not applied, as engines do not; whether it sets
    /// anything that files have.
    Global(bool),
    /// Another flag. POSIX has readers treat it as a file.
    Other(u8),
}

impl MemberKind {
    /// Whether it has no contents, whatever size its header gives.
    pub const fn is_header_only(self) -> bool {
        !matches!(self, Self::File | Self::Other(_) | Self::Global(_))
    }
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
    /// Mode bits, those of the kind too where they are written.
    pub mode: i64,
    /// Owner.
    pub uid: i64,
    /// Group.
    pub gid: i64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Bytes of contents that the archive holds for it; of a sparse file without its holes and its map.
    pub stored: u64,
    /// Bytes that it has once unpacked: more than stored where it is sparse.
    pub size: u64,
    /// What of a sparse file is stored: offsets and lengths, ascending. `None` where it is not sparse.
    pub sparse: Option<Vec<(u64, u64)>>,
    /// Numbers of devices: major, minor.
    pub device: (i64, i64),
    /// Extended attributes, sorted by name.
    pub xattrs: Xattrs,
    /// Where its headers begin, extended ones among them.
    pub offset: u64,
    /// Where its contents begin.
    pub contents: u64,
}

/// How an archive ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With two blocks of zeros.
    Marked,
    /// With none, or one, after a whole block.
    Unmarked,
    /// Before the padding of the last member's contents is complete.
    Unpadded,
}

/// Why an archive can't be walked further.
#[derive(Debug)]
pub enum TarError {
    /// The source can't be read.
    Read(io::Error),
    /// It ends within a header or contents; the offset of the end.
    Truncated(u64),
    /// No header where one should be, or a wrong one; its offset, and what is wrong.
    Corrupt(u64, String),
    /// Past one of the [`Limits`](crate::image::Limits); offset of the header, and which.
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

impl Error for TarError {}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
