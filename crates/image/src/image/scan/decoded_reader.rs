//! The decoded archive as the walk reads it: pieces go to the hashes too, and places in the archive are tied to places in
//! the blob.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use rayon::Scope;

use crate::image::decode::{Piece, Pool};
use crate::image::fault::Fault;
use crate::image::gzip_estimate::GzipEstimate;
use crate::image::scan::hashes::{ChunkPart, Hashes};
use crate::image::scan::read_ahead::ReadAhead;
use crate::image::tar::Skip;

/// What a scan's threads share.
pub(super) struct ScanState<'a, R: Read> {
    pub(super) ahead: ReadAhead<'a, R>,
    pub(super) hashes: Option<Hashes>,
    pub(super) pool: Arc<Pool>,
    /// Whether the blob is the archive.
    pub(super) stored: bool,
}

/// Hands out an archive piece by piece.
pub(super) struct Pieces<'p, 'scope, 'a, R: Read> {
    shared: &'scope ScanState<'a, R>,
    scope: &'p Scope<'scope>,
    piece: Option<Piece>,
    at: usize,
    before: u64,
    /// For a blob that is the archive.
    gzip_estimate: Option<GzipEstimate>,
    fault: Option<Fault>,
}

impl<'p, 'scope, 'a: 'scope, R: Read + Send> Pieces<'p, 'scope, 'a, R> {
    pub(super) fn new(
        shared: &'scope ScanState<'a, R>,
        scope: &'p Scope<'scope>,
        gzip_estimate: Option<GzipEstimate>,
    ) -> Self {
        Self { shared, scope, piece: None, at: 0, before: 0, gzip_estimate, fault: None }
    }

    /// The place in the blob of the next byte: between two calls of the decompressor as far as in the archive.
    pub(super) fn place(&self) -> u64 {
        let Some(piece) = &self.piece else { return 0 };
        let (mut start, mut place) = (0, piece.start);
        for &(end, after) in &piece.marks {
            if self.at < end {
                let (done, all) = ((self.at - start) as u64, (end - start) as u64);
                return place + after.saturating_sub(place) * done / all;
            }
            (start, place) = (end, after);
        }
        place
    }

    /// Bytes of the archive that were passed.
    pub(super) fn bytes_read(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Reads the blob to its end; whether something else than zeros was left in the archive.
    pub(super) fn drain(&mut self) -> bool {
        let mut some = self.rest().iter().any(|&byte| byte != 0);
        loop {
            self.at += self.rest().len();
            match self.load() {
                Ok(true) => some = some || self.rest().iter().any(|&byte| byte != 0),
                Ok(false) => return some,
                // The decoder goes on with the bare blob.
                Err(fault) => drop(self.fault.get_or_insert(fault)),
            }
        }
    }

    /// What keeps the blob from being decoded further, if something does.
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Bytes of the archive as gzip, where that is estimated.
    pub(super) fn gzip_bytes(&self) -> Option<u64> {
        self.gzip_estimate.as_ref().map(GzipEstimate::finish)
    }

    fn rest(&self) -> &[u8] {
        self.piece.as_ref().map_or(&[], |piece| &piece.archive[self.at..])
    }

    fn load(&mut self) -> Result<bool, Fault> {
        let Some(mut next) = self.shared.ahead.next(self.scope)? else { return Ok(false) };
        if let Some(estimate) = &mut self.gzip_estimate {
            estimate.push(&next.archive);
        }
        if let Some(hashes) = &self.shared.hashes {
            for chunk in next.read.drain(..) {
                hashes.push(ChunkPart::Blob, chunk, self.scope);
            }
            if !next.archive.is_empty() {
                let part = if self.shared.stored { ChunkPart::Both } else { ChunkPart::Archive };
                hashes.push(part, Arc::clone(&next.archive), self.scope);
            }
        }
        if let Some(last) = self.piece.replace(next) {
            self.before += last.archive.len() as u64;
            self.shared.pool.give(last.archive);
        }
        self.at = 0;
        Ok(true)
    }
}

impl<'a: 'scope, 'scope, R: Read + Send> BufRead for Pieces<'_, 'scope, 'a, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.rest().is_empty() {
            if let Some(fault) = &self.fault {
                return Err(io::Error::other(fault.clone()));
            }
            match self.load() {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => self.fault = Some(fault),
            }
        }
        Ok(self.rest())
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes.min(self.rest().len());
    }
}

impl<'a: 'scope, 'scope, R: Read + Send> Read for Pieces<'_, 'scope, 'a, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let now = available.len().min(buffer.len());
        buffer[..now].copy_from_slice(&available[..now]);
        self.consume(now);
        Ok(now)
    }
}

impl<'a: 'scope, 'scope, R: Read + Send> Skip for Pieces<'_, 'scope, 'a, R> {}
