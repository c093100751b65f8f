//! A decoder as a reader.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::image::decode::{Chunk, DecodeOptions, Decoder, Pool};
use crate::image::fault::Fault;
use crate::image::layer::Compression;
use crate::image::limits::Limits;
use crate::image::tar::Skip;

/// Decompresses what a source holds, by its first bytes; hands on what is not compressed. Errors hold a [`Fault`].
pub struct DecodingReader<'a, R: Read> {
    decoder: Decoder<'a, R>,
    pool: Arc<Pool>,
    chunk: Option<Arc<Chunk>>,
    at: usize,
    wrong: Option<Fault>,
}

impl<'a, R: Read> DecodingReader<'a, R> {
    /// Reads the first bytes. `inflated` counts decompressed bytes against [`Limits::inflated_bytes`]; `progress` is told
    /// of the source's bytes as they come.
    ///
    /// # Errors
    /// When the source can't be read.
    pub fn new(
        source: R,
        limits: &'a Limits,
        inflated: &'a AtomicU64,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> Result<Self, Fault> {
        let pool = Arc::new(Pool::default());
        let demands = DecodeOptions { limits, inflated, progress, is_kept: false };
        let decoder = Decoder::new(source, Arc::clone(&pool), demands)?;
        Ok(Self { decoder, pool, chunk: None, at: 0, wrong: None })
    }

    /// What the first bytes tell.
    pub fn compression(&self) -> Compression {
        self.decoder.compression()
    }

    /// Bytes of the source that were used.
    pub fn position(&self) -> u64 {
        self.decoder.position()
    }
}

impl<R: Read> BufRead for DecodingReader<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.chunk.as_ref().is_none_or(|chunk| self.at == chunk.len()) {
            if let Some(fault) = &self.wrong {
                return Err(io::Error::other(fault.clone()));
            }
            if let Some(chunk) = self.chunk.take() {
                self.pool.give(chunk);
            }
            self.at = 0;
            match self.decoder.piece() {
                Ok(Some(piece)) => self.chunk = Some(piece.archive),
                Ok(None) => return Ok(&[]),
                Err(fault) => self.wrong = Some(fault),
            }
        }
        Ok(self.chunk.as_ref().map_or(&[], |chunk| &chunk[self.at..]))
    }

    fn consume(&mut self, bytes: usize) {
        let length = self.chunk.as_ref().map_or(0, |chunk| chunk.len());
        self.at = length.min(self.at + bytes);
    }
}

impl<R: Read> Read for DecodingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let now = available.len().min(buffer.len());
        buffer[..now].copy_from_slice(&available[..now]);
        self.consume(now);
        Ok(now)
    }
}

impl<R: Read> Skip for DecodingReader<'_, R> {}
