//! Pieces of a blob, shared between those who hash them and those who decode them, in buffers that are used again.

use std::fmt;
use std::io::{self, Read};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of one buffer: small enough for the caches of a core, large enough that handing them over costs nothing.
pub(crate) const CHUNK: usize = 128 << 10;

/// Chunks that a decoder may take in without giving any out, before what it took is handed on.
const HELD: usize = 4;

/// A buffer and how much of it is filled.
pub(crate) struct Chunk {
    bytes: Box<[u8]>,
    filled: usize,
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.filled)
    }
}

impl Chunk {
    /// The whole buffer.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Says how much of the buffer is filled.
    pub(super) fn fill(&mut self, filled: usize) {
        self.filled = filled.min(self.bytes.len());
    }
}

/// Buffers that nobody uses at the moment.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Chunk>>);

impl Pool {
    /// A buffer, empty.
    pub(crate) fn take(&self) -> Chunk {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut chunk = spare.unwrap_or_else(|| Chunk { bytes: vec![0; CHUNK].into_boxed_slice(), filled: 0 });
        chunk.filled = 0;
        chunk
    }

    /// Takes a buffer back, once the last one who uses it gives it.
    pub(crate) fn give(&self, chunk: Arc<Chunk>) {
        if let Some(chunk) = Arc::into_inner(chunk) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        }
    }
}

/// A blob as it comes, in chunks, with its place.
pub(super) struct Input<'a, R> {
    source: R,
    pool: Arc<Pool>,
    progress: &'a (dyn Fn(u64) + Sync),
    chunk: Option<Arc<Chunk>>,
    at: usize,
    before: u64,
    /// Whether somebody hashes the blob.
    is_kept: bool,
    read: Vec<Arc<Chunk>>,
    ended: bool,
    failed: Option<io::ErrorKind>,
}

impl<'a, R: Read> Input<'a, R> {
    pub(super) fn new(source: R, pool: Arc<Pool>, progress: &'a (dyn Fn(u64) + Sync), is_kept: bool) -> Self {
        let (chunk, read, failed) = (None, Vec::new(), None);
        Self { source, pool, progress, chunk, at: 0, before: 0, is_kept, read, ended: false, failed }
    }

    /// Bytes that were used.
    pub(super) fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Whether the blob's end was reached.
    pub(super) fn is_complete(&self) -> bool {
        self.ended && self.failed.is_none()
    }

    /// Whether it was the source that failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Bytes that are not yet used; none at the blob's end.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.chunk.as_ref().is_none_or(|chunk| self.at == chunk.len()) {
            self.put_away();
            self.chunk = self.load()?;
        }
        Ok(self.chunk.as_ref().map_or(&[], |chunk| &chunk[self.at..]))
    }

    /// Uses bytes.
    pub(super) fn consume(&mut self, bytes: usize) {
        let length = self.chunk.as_ref().map_or(0, |chunk| chunk.len());
        self.at = length.min(self.at + bytes);
    }

    /// The next chunk as a whole, used; `None` at the blob's end.
    pub(super) fn whole(&mut self) -> io::Result<Option<Arc<Chunk>>> {
        self.fill()?;
        let Some(chunk) = self.chunk.take() else { return Ok(None) };
        self.before += chunk.len() as u64;
        self.at = 0;
        Ok(Some(chunk))
    }

    /// Chunks that were used to their end since the last call.
    pub(super) fn take_read(&mut self) -> Vec<Arc<Chunk>> {
        std::mem::take(&mut self.read)
    }

    /// Whether so many chunks were used without anything given out that they should be handed on first.
    pub(super) fn is_ahead(&self) -> bool {
        self.read.len() >= HELD
    }

    fn put_away(&mut self) {
        let Some(chunk) = self.chunk.take() else { return };
        self.before += chunk.len() as u64;
        self.at = 0;
        if self.is_kept {
            self.read.push(chunk);
        } else {
            self.pool.give(chunk);
        }
    }

    fn load(&mut self) -> io::Result<Option<Arc<Chunk>>> {
        let mut chunk = self.pool.take();
        let mut filled = 0;
        while !self.ended && filled < CHUNK {
            match self.source.read(&mut chunk.bytes[filled..]) {
                Ok(0) => self.ended = true,
                // A source that tells of more than there is room for is no reader.
                Ok(more) => filled = CHUNK.min(filled + more),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    (self.ended, self.failed) = (true, Some(error.kind()));
                    return Err(error);
                }
            }
        }
        chunk.fill(filled);
        let chunk = Arc::new(chunk);
        if filled == 0 {
            self.pool.give(chunk);
            return Ok(None);
        }
        (self.progress)(filled as u64);
        Ok(Some(chunk))
    }
}

/// For decoders that pull.
impl<R: Read> Read for Input<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What one call takes in stays in memory until it gives something out.
        if self.read.len() > 64 * HELD {
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, "it produces no output"));
        }
        let available = self.fill()?;
        let now = available.len().min(buffer.len());
        buffer[..now].copy_from_slice(&available[..now]);
        self.consume(now);
        Ok(now)
    }
}
