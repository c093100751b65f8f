//! From a blob as it is stored to the archive in it: what it is compressed with is told by its first bytes. Checksums are
//! held against the contents, memory is bounded, and what goes wrong is named with its place.

mod chunk;
mod codec;
mod decoded;
mod streams;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::chunk::Input;
pub(crate) use self::chunk::{CHUNK, Chunk, Pool};
pub use self::decoded::DecodingReader;
use self::streams::Codec;
use crate::image::fault::{Fault, FaultKind};
use crate::image::layer::Compression;
use crate::image::limits::Limits;
use crate::text::exact_bytes;

/// How a blob is compressed, by its first bytes (ten are enough).
pub fn sniff(start: &[u8]) -> Compression {
    match start {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        // A frame, or one that is to be skipped (RFC 8878).
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        // A tar archive may begin with a name like `BZh5`; it has no block after it.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Compression::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
        _ => Compression::None,
    }
}

/// A piece of the archive, and what was read of the blob for it.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Chunks of the blob that were used up, where they are kept; none where the archive is the blob.
    pub(crate) read: Vec<Arc<Chunk>>,
    /// The next bytes of the archive; may be empty.
    pub(crate) archive: Arc<Chunk>,
    /// Where in the blob the piece begins.
    pub(crate) start: u64,
    /// Places in the piece, and those in the blob that belong to them; the last is the piece's end.
    pub(crate) marks: Vec<(usize, u64)>,
}

/// Output of one call of a decompressor: places in the archive and in the blob are tied to each other so often.
const STEP: usize = 32 << 10;

/// What is asked of a decoder.
#[derive(Clone, Copy)]
pub(crate) struct DecodeOptions<'a> {
    /// Bounds.
    pub(crate) limits: &'a Limits,
    /// Decompressed bytes of the whole run.
    pub(crate) inflated: &'a AtomicU64,
    /// Is told how many bytes of the blob came.
    pub(crate) progress: &'a (dyn Fn(u64) + Sync),
    /// Whether the blob's own bytes are handed on.
    pub(crate) is_kept: bool,
}

/// Decodes a blob piece by piece.
pub(crate) struct Decoder<'a, R: Read> {
    codec: Codec<'a, R>,
    compression: Compression,
    demands: DecodeOptions<'a>,
    pool: Arc<Pool>,
    /// What is wrong after the piece that was handed on last.
    pending: Option<Fault>,
    failed: bool,
    ended: bool,
}

impl<'a, R: Read> Decoder<'a, R> {
    /// Reads the first bytes.
    pub(crate) fn new(source: R, pool: Arc<Pool>, demands: DecodeOptions<'a>) -> Result<Self, Fault> {
        let mut input = Input::new(source, Arc::clone(&pool), demands.progress, demands.is_kept);
        let start = input.fill().map_err(|error| Fault::unreadable(&error, 0))?;
        let compression = sniff(start);
        let codec = Codec::new(input, compression, demands.limits).map_err(|wrong| wrong.at(0))?;
        Ok(Self { codec, compression, demands, pool, pending: None, failed: false, ended: false })
    }

    /// What the first bytes tell.
    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// Bytes of the blob that were used.
    pub(crate) fn position(&self) -> u64 {
        self.codec.input().position()
    }

    /// Whether the blob was read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.codec.input().is_complete()
    }

    /// The next piece; `None` at the end. After an error: the rest of the blob, with nothing decoded.
    pub(crate) fn piece(&mut self) -> Result<Option<Piece>, Fault> {
        if self.ended {
            return Ok(None);
        }
        let start = self.position();
        if self.failed {
            return Ok(Some(self.rest(start)));
        }
        let piece = match &mut self.codec {
            Codec::Stored(input) => match input.whole() {
                Ok(Some(archive)) => {
                    let marks = vec![(archive.len(), start + archive.len() as u64)];
                    Ok(Piece { read: Vec::new(), archive, start, marks })
                }
                Ok(None) => {
                    self.ended = true;
                    return Ok(None);
                }
                Err(error) => Err(Fault::unreadable(&error, start)),
            },
            Codec::Streams(_) | Codec::Xz(_) => self.pending.take().map_or_else(|| self.decode(start), Err),
        };
        self.failed = piece.is_err();
        piece.map(Some)
    }

    fn decode(&mut self, start: u64) -> Result<Piece, Fault> {
        let mut chunk = self.pool.take();
        let mut marks: Vec<(usize, u64)> = Vec::with_capacity(CHUNK / STEP + 1);
        let mut filled = 0;
        while filled < CHUNK && !self.ended && !self.codec.input().is_ahead() {
            let end = CHUNK.min(filled + STEP);
            match self.codec.step(&mut chunk.space()[filled..end]) {
                Ok(Some(written)) => filled += written,
                Ok(None) => self.ended = true,
                Err(wrong) => {
                    self.pending = Some(wrong.at(self.position()));
                    break;
                }
            }
            // Members of one byte each would make more marks than contents.
            if marks.last().is_some_and(|&(place, _)| filled < place + STEP / 64) {
                marks.pop();
            }
            marks.push((filled, self.position()));
        }
        chunk.fill(filled);
        let before = self.demands.inflated.fetch_add(filled as u64, Ordering::Relaxed);
        let most = self.demands.limits.inflated_bytes;
        if before.saturating_add(filled as u64) > most {
            let what = format!("the layers are larger than {} uncompressed", exact_bytes(most));
            return Err(Fault { kind: FaultKind::Limit, what, offset: self.position(), tar_offset: None });
        }
        Ok(Piece { read: self.codec.input_mut().take_read(), archive: Arc::new(chunk), start, marks })
    }

    /// What is left of the blob after an error.
    fn rest(&mut self, start: u64) -> Piece {
        let input = self.codec.input_mut();
        let mut read = input.take_read();
        match input.whole() {
            Ok(Some(chunk)) if self.demands.is_kept => read.push(chunk),
            Ok(Some(chunk)) => self.pool.give(chunk),
            Ok(None) | Err(_) => self.ended = true,
        }
        Piece { read, archive: Arc::new(self.pool.take()), start, marks: Vec::new() }
    }
}
