//! An archive that can be read anywhere, as a store of its members.

use std::io::{self, BufRead, Read};
use std::sync::atomic::Ordering;

use crate::image::error::{Error, ImageErrorKind};
use crate::image::members::{Members, broken};
use crate::image::options::ImageOptions;
use crate::image::part_store::{OpenPart, ReadAt, Store};
use crate::image::tar::{MemberWalk, Skip, TarError};

/// Bytes that are read at once while headers are looked for: few, for most is passed over.
const BUFFER: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct MemberPlace {
    start: u64,
    bytes: u64,
}

/// An archive whose members are known by name.
pub(super) struct Archive<'a> {
    source: &'a dyn ReadAt,
    members: Members<MemberPlace>,
    /// What is wrong with it, though members were found.
    pub(super) damaged: Option<Error>,
}

impl<'a> Archive<'a> {
    /// Looks at all headers.
    pub(super) fn open(source: &'a dyn ReadAt, options: &ImageOptions<'_>) -> Result<Self, Error> {
        let mut walk = MemberWalk::new(ReadWindow::new(source).map_err(|error| Error::io(&error))?, &options.limits);
        let mut members = Members::default();
        let damaged = loop {
            if options.cancelled.load(Ordering::Relaxed) {
                return Err(Error::new(ImageErrorKind::Cancelled, "stopped"));
            }
            match walk.advance() {
                Ok(Some(member)) => {
                    if let Some(name) = members.add(member)? {
                        members.keep(name, MemberPlace { start: member.contents, bytes: member.stored });
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let first = members.is_empty();
        let damaged = damaged.map(|error: TarError| broken(&error, first));
        if let Some(error) = damaged.clone()
            && first
        {
            return Err(error);
        }
        Ok(Self { source, members, damaged })
    }

    /// What is odd about it.
    pub(super) fn notices(&self) -> &[String] {
        &self.members.notices
    }
}

impl Store for Archive<'_> {
    fn open(&self, name: &str) -> io::Result<Option<OpenPart<'_>>> {
        let Some(&MemberPlace { start, bytes }) = self.members.find(name) else { return Ok(None) };
        let read = Box::new(SourcePart { source: self.source, at: start, end: start.saturating_add(bytes) });
        Ok(Some(OpenPart { bytes: Some(bytes), read }))
    }
}

/// A part of a source, from its start to its end.
pub(super) struct SourcePart<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    end: u64,
}

impl<'a> SourcePart<'a> {
    /// All of it.
    pub(super) fn whole(source: &'a dyn ReadAt) -> Self {
        Self { source, at: 0, end: u64::MAX }
    }
}

impl Read for SourcePart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let remaining = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = buffer.len().min(remaining);
        if most == 0 {
            return Ok(0);
        }
        let read = self.source.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// A view of a source that is moved over what is not wanted.
struct ReadWindow<'a> {
    source: &'a dyn ReadAt,
    bytes: u64,
    buffer: Box<[u8]>,
    /// Where in the source the buffer begins, how much is in it, how much of that was used.
    start: u64,
    filled: usize,
    used: usize,
}

impl<'a> ReadWindow<'a> {
    fn new(source: &'a dyn ReadAt) -> io::Result<Self> {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Ok(Self { source, bytes: source.bytes()?, buffer, start: 0, filled: 0, used: 0 })
    }
}

impl BufRead for ReadWindow<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.filled {
            self.start += self.filled as u64;
            (self.filled, self.used) = (0, 0);
            self.filled = self.source.read_at(&mut self.buffer, self.start)?;
        }
        Ok(&self.buffer[self.used..self.filled])
    }

    fn consume(&mut self, bytes: usize) {
        self.used = self.filled.min(self.used + bytes);
    }
}

impl Read for ReadWindow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let now = available.len().min(buffer.len());
        buffer[..now].copy_from_slice(&available[..now]);
        self.consume(now);
        Ok(now)
    }
}

impl Skip for ReadWindow<'_> {
    fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        let here = self.start + self.used as u64;
        let skipped = bytes.min(self.bytes.saturating_sub(here));
        let target = here + skipped;
        if target <= self.start + self.filled as u64 {
            self.used += skipped as usize;
        } else {
            (self.start, self.filled, self.used) = (target, 0, 0);
        }
        Ok(skipped)
    }
}

/// Bytes in memory.
impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let now = buffer.len().min(self.len() - from);
        buffer[..now].copy_from_slice(&self[from..from + now]);
        Ok(now)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}
