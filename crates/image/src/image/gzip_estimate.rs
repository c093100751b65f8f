//! How many bytes an uncompressed layer has once a registry holds it, as gzip: engines send what they store unpacked
//! compressed. Small pieces are compressed, spread evenly over the layer: of small layers more of it than of large ones. What
//! is compressed of a layer follows from its size alone, so that it has one estimate in every image and every command.

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::image::decode::CHUNK;

/// Bytes of a piece: with 8 KiB the error is as large, and it takes half as long again.
const PIECE: usize = 4 << 10;
/// Bytes that a compressor sees of what is before a place (RFC 1951).
const WINDOW: usize = 32 << 10;
/// Pieces of a layer at least, and at most: these take 50 ms, whatever its size.
const LEAST: u64 = 12;
const MOST: u64 = 512;
/// Between these the pieces are the square root of the layer's bytes divided by this: 108 of 6 MB, 240 of 30 MB. Pieces of one
/// layer differ by half of their mean (Debian, Python, Rust, documentation; November 2026), so the error with 58 of 80 MB was
/// 5 to 7 %, often more than 10; with 256 it is 2 %.
const BYTES_OF_SQUARE: u64 = 512;
/// Pieces of a layer whose size is not known: the spacing is doubled each time that twice as many were taken.
const UNKNOWN: u64 = 256;
/// Per mille of a piece that zlib would not need: a piece has a table of codes of its own, and this compressor finds fewer
/// matches than zlib at the same level. 9 layers of 8 kinds were estimated 1 % too low to 4 % too high without it.
const SURPLUS: u64 = 35;

/// Bytes that deflate adds to a piece that it stores as it is (RFC 1951, 3.2.4).
const STORED: u64 = 5;

/// Bytes around what is compressed (RFC 1952): header, checksum, length.
const FRAME: u64 = 18;

/// Compresses samples of a layer.
pub(super) struct GzipEstimate {
    encoder: Compress,
    /// Whether the layer is compressed as a whole.
    is_whole: bool,
    /// Bytes from one piece to the next.
    spacing: u64,
    /// Pieces that are taken before the spacing is doubled: a size that was announced may be wrong.
    limit: u64,
    /// Pieces since then.
    count: u64,
    /// Bytes of the layer so far.
    bytes: u64,
    /// Where in the layer the next piece is.
    next: u64,
    /// Bytes of the pieces, each times the spacing there.
    sample_bytes: u128,
    compressed_bytes: u128,
}

impl GzipEstimate {
    /// For a layer of so many bytes, if that is known.
    pub(super) fn new(bytes: Option<u64>) -> Self {
        let pieces = bytes.map_or(UNKNOWN, pieces);
        Self {
            encoder: Compress::new(Compression::new(6), false),
            is_whole: bytes.is_some_and(|bytes| bytes <= CHUNK as u64),
            spacing: bytes.map_or(0, |bytes| bytes / pieces).max(2 * PIECE as u64),
            limit: 2 * pieces,
            count: 0,
            bytes: 0,
            next: 0,
            sample_bytes: 0,
            compressed_bytes: 0,
        }
    }

    /// Takes the next chunk, and compresses the pieces in it.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if self.is_whole && self.bytes == 0 {
            self.sample(&[], chunk);
            self.next = chunk.len() as u64;
        }
        let end = self.bytes + chunk.len() as u64;
        while self.next < end {
            // Moved behind the window, and in front of the end.
            let window = WINDOW.min(chunk.len().saturating_sub(PIECE));
            let room = chunk.len() - chunk.len().min(window + PIECE);
            let at = window + (self.next - self.bytes) as usize * room / chunk.len();
            self.sample(&chunk[at - window..at], &chunk[at..chunk.len().min(at + PIECE)]);
            self.count += 1;
            if self.count == self.limit {
                (self.spacing, self.count) = (self.spacing.saturating_mul(2), self.limit / 2);
            }
            self.next = self.next.saturating_add(self.spacing);
        }
        self.bytes = end;
    }

    fn sample(&mut self, window: &[u8], piece: &[u8]) {
        let mut compressed_bytes = self.compressed_bytes(window, piece);
        // What cannot be compressed is stored as it is, whoever compresses.
        if !self.is_whole && compressed_bytes * 10 < piece.len() as u64 * 9 {
            compressed_bytes = compressed_bytes * (1000 - SURPLUS) / 1000;
        }
        self.sample_bytes += piece.len() as u128 * u128::from(self.spacing);
        self.compressed_bytes += u128::from(compressed_bytes) * u128::from(self.spacing);
    }

    /// Bytes of a piece behind this window, at the level that engines use.
    fn compressed_bytes(&mut self, window: &[u8], piece: &[u8]) -> u64 {
        if piece.len() == PIECE && is_random(piece) {
            return piece.len() as u64 + STORED;
        }
        let mut buffer = [0; PIECE];
        self.encoder.reset();
        if self.encoder.set_dictionary(window).is_err() {
            return piece.len() as u64;
        }
        loop {
            let read = self.encoder.total_in() as usize;
            match self.encoder.compress(&piece[read.min(piece.len())..], &mut buffer, FlushCompress::Finish) {
                Ok(Status::Ok) => {}
                Ok(Status::StreamEnd) => return self.encoder.total_out(),
                Ok(Status::BufError) | Err(_) => return piece.len() as u64,
            }
        }
    }

    /// Bytes of the whole layer as gzip.
    pub(super) fn finish(&self) -> u64 {
        match self.sample_bytes {
            0 => self.bytes,
            sample => u64::try_from(self.compressed_bytes * u128::from(self.bytes) / sample)
                .map_or(u64::MAX, |bytes| bytes.saturating_add(FRAME)),
        }
    }
}

/// Whether the bytes of a piece are as even as those of compressed or encrypted files, which nothing makes shorter. Of random
/// bytes the sum of the squares of their counts is 17 to 18 for each 256 of a piece; a code of its own that saves a hundredth
/// needs more than 24.
fn is_random(piece: &[u8]) -> bool {
    let mut counts = [0_u32; 256];
    for byte in piece {
        counts[usize::from(*byte)] += 1;
    }
    let squares: u32 = counts.iter().map(|count| count * count).sum();
    squares < 18 * piece.len() as u32
}

/// The estimate of a layer that comes in pieces of any length: the same as that of [`scan`](crate::image::scan).
pub struct GzipSize {
    estimate: GzipEstimate,
    chunk: Vec<u8>,
}

impl GzipSize {
    /// For a layer of so many bytes, if that is known.
    pub fn new(bytes: Option<u64>) -> Self {
        Self { estimate: GzipEstimate::new(bytes), chunk: Vec::with_capacity(CHUNK) }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() == CHUNK {
                self.estimate.push(&self.chunk);
                self.chunk.clear();
            }
        }
    }

    /// Bytes of the whole layer as gzip.
    pub fn finish(mut self) -> u64 {
        self.estimate.push(&self.chunk);
        self.estimate.finish()
    }
}

/// Pieces of a layer of so many bytes.
fn pieces(bytes: u64) -> u64 {
    (bytes / BYTES_OF_SQUARE).isqrt().clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of words, then bytes without order: compressed to a third, and not at all.
    fn layer(words: usize, noise: usize) -> Vec<u8> {
        let known = ["alpha", "beta", "gamma", "delta", "layer", "image", "pull", "size"];
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let mut bytes = Vec::new();
        while bytes.len() < words {
            bytes.extend(known[random() % 8].bytes());
            bytes.push(if random() % 9 == 0 { b'\n' } else { b' ' });
        }
        bytes.extend((0..noise).map(|_| random() as u8));
        bytes
    }

    fn estimate(bytes: &[u8], announced: Option<u64>) -> GzipEstimate {
        let mut estimate = GzipEstimate::new(announced);
        bytes.chunks(CHUNK).for_each(|chunk| estimate.push(chunk));
        estimate
    }

    /// Bytes that were compressed.
    fn work(estimate: &GzipEstimate) -> u64 {
        (estimate.sample_bytes / u128::from(estimate.spacing)) as u64
    }

    #[test]
    fn the_estimate_is_near_what_gzip_makes() {
        let parts = [(9_000_000, 3_000_000, 1), (3_000_000, 0, 1), (90_000, 30_000, 1), (910_000, 390_000, 46)];
        for (words, noise, times) in parts {
            let bytes = layer(words, noise).repeat(times);
            let mut whole = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(6));
            std::io::Write::write_all(&mut whole, &bytes).unwrap();
            let whole = whole.finish().unwrap().len() as u64;
            let percent = if times > 1 { 10 } else { 15 };
            let estimate = estimate(&bytes, Some(bytes.len() as u64)).finish();
            assert!(estimate.abs_diff(whole) * 100 < whole * percent, "{estimate} of {whole}");
        }
    }

    /// Of a layer of ten megabytes a twentieth, and of one that is ten times as large a little more than three times as much.
    #[test]
    fn little_is_compressed_of_an_image() {
        let part = layer(1_000_000, 0);
        let small = estimate(&part.repeat(10), Some(10 * part.len() as u64));
        assert!(work(&small) * 16 < 10_000_000, "{}", work(&small));
        let large = estimate(&part.repeat(100), Some(100 * part.len() as u64));
        assert!(work(&large) * 10 <= 33 * work(&small), "{}", work(&large));
    }

    /// Files of many kinds, each of another density, as layers have them: with 12 pieces these were off by
    /// more than a tenth.
    #[test]
    fn layers_of_many_kinds_of_files_are_estimated_within_five_percent() {
        for seed in 0..3u64 {
            let mut state = seed * 7_919 + 1;
            let mut random = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize
            };
            let mut bytes = Vec::new();
            while bytes.len() < 12_000_000 {
                let (length, order) = (4_000 + random() % 400_000, random() % 5);
                // From the same few bytes in each place to bytes without order.
                let kinds = [3, 16, 40, 90, 256][order];
                bytes.extend((0..length).map(|_| (random() % kinds) as u8));
            }
            let mut whole = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(6));
            std::io::Write::write_all(&mut whole, &bytes).unwrap();
            let whole = whole.finish().unwrap().len() as u64;
            let estimate = estimate(&bytes, Some(bytes.len() as u64)).finish();
            assert!(estimate.abs_diff(whole) * 20 < whole, "{seed}: {estimate} of {whole}");
        }
    }

    #[test]
    fn a_layer_has_one_estimate_however_it_comes() {
        let bytes = layer(900_000, 300_000);
        for piece in [1_000, 131_072, 300_000] {
            let mut size = GzipSize::new(Some(bytes.len() as u64));
            bytes.chunks(piece).for_each(|piece| size.push(piece));
            assert_eq!(size.finish(), estimate(&bytes, Some(bytes.len() as u64)).finish(), "{piece}");
        }
    }

    #[test]
    fn a_size_that_is_wrong_costs_little() {
        let bytes = layer(700_000, 300_000).repeat(48);
        for announced in [Some(0), Some(1), Some(200_000), Some(u64::MAX), None] {
            let mut estimate = GzipEstimate::new(announced);
            let mut pieces = 0;
            for chunk in bytes.chunks(CHUNK) {
                let before = estimate.compressed_bytes;
                estimate.push(chunk);
                pieces += u64::from(estimate.compressed_bytes != before);
            }
            assert!((1..=400).contains(&pieces), "{announced:?}: {pieces}");
            assert!(estimate.finish() > 0, "{announced:?}");
        }
    }

    #[test]
    fn a_layer_of_nothing_or_little_is_exact() {
        assert_eq!(GzipEstimate::new(Some(0)).finish(), 0);
        assert_eq!(GzipEstimate::new(None).finish(), 0);
        for length in [1, 512, 4_096, 4_097, 40_000, 131_072] {
            let bytes = layer(length, 0);
            let bytes = &bytes[..length];
            let mut whole = flate2::write::GzEncoder::new(Vec::new(), Compression::new(6));
            std::io::Write::write_all(&mut whole, bytes).unwrap();
            assert_eq!(estimate(bytes, Some(length as u64)).finish(), whole.finish().unwrap().len() as u64, "{length}");
        }
    }
}
