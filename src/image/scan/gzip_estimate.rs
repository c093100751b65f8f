//! How many bytes an uncompressed layer has once a registry holds it, as gzip: engines send what they store unpacked
//! compressed. A sample of its chunks is compressed.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rayon::Scope;

use crate::image::decode::{Chunk, Pool};

/// Chunks at the start of a layer that are all compressed; as many of each stretch behind them, which is as long as all
/// that is before it.
const STRETCH: u64 = 32;
/// Chunks that wait for an idle thread at most.
const DEPTH: usize = 4;
/// Stretches of the largest layer that there can be.
const STRETCHES: usize = 64;

/// What is known of one stretch of a layer.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    bytes: u64,
    sample_bytes: u64,
    compressed_bytes: u64,
}

/// Compresses samples of a layer.
pub(super) struct GzipEstimate {
    stretches: Mutex<[Stretch; STRETCHES]>,
    waiting: AtomicUsize,
    pool: Arc<Pool>,
}

impl GzipEstimate {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self { stretches: Mutex::new([Stretch::default(); STRETCHES]), waiting: AtomicUsize::new(0), pool }
    }

    /// Takes the chunk with this number, and compresses it if it is a sample: on an idle thread, if there may be one.
    pub(super) fn push<'scope>(&'scope self, number: u64, chunk: &Arc<Chunk>, scope: &Scope<'scope>) {
        let (stretch, is_sample) = place(number);
        self.change(stretch, |known| known.bytes += chunk.len() as u64);
        if !is_sample {
            return;
        }
        if self.waiting.load(Ordering::Relaxed) >= DEPTH {
            self.sample(stretch, chunk);
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let chunk = Arc::clone(chunk);
        scope.spawn(move |_| {
            self.sample(stretch, &chunk);
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.pool.give(chunk);
        });
    }

    fn sample(&self, stretch: usize, chunk: &Chunk) {
        let compressed_bytes = compressed_bytes(chunk);
        self.change(stretch, |known| {
            known.sample_bytes += chunk.len() as u64;
            known.compressed_bytes += compressed_bytes;
        });
    }

    fn change(&self, stretch: usize, change: impl FnOnce(&mut Stretch)) {
        let mut stretches = self.stretches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = stretches.get_mut(stretch) {
            change(known);
        }
    }

    /// Bytes of the whole layer as gzip.
    pub(super) fn finish(self) -> u64 {
        let stretches = self.stretches.into_inner().unwrap_or_else(PoisonError::into_inner);
        let of_stretch = |stretch: &Stretch| match stretch.sample_bytes {
            0 => u128::from(stretch.bytes),
            sample => u128::from(stretch.compressed_bytes) * u128::from(stretch.bytes) / u128::from(sample),
        };
        u64::try_from(stretches.iter().map(of_stretch).sum::<u128>()).unwrap_or(u64::MAX)
    }
}

/// The stretch of a chunk, and whether the chunk is a sample of it.
fn place(number: u64) -> (usize, bool) {
    match (number / STRETCH).checked_ilog2() {
        None => (0, true),
        // A stretch has `STRETCH << doubled` chunks.
        Some(doubled) => (doubled as usize + 1, number.is_multiple_of(1 << doubled)),
    }
}

/// Bytes of a chunk at the level that engines use.
fn compressed_bytes(chunk: &[u8]) -> u64 {
    let mut encoder = DeflateEncoder::new(ByteCount(0), Compression::new(6));
    // It writes to memory that is always there.
    let written = encoder.write_all(chunk).and_then(|()| encoder.finish());
    written.map_or(chunk.len() as u64, |count| count.0)
}

/// Counts what is written.
struct ByteCount(u64);

impl Write for ByteCount {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_has_the_same_number_of_samples() {
        let mut samples = [0; 6];
        let mut chunks = [0; 6];
        for number in 0..STRETCH << 5 {
            let (stretch, is_sample) = place(number);
            samples[stretch] += u64::from(is_sample);
            chunks[stretch] += 1;
        }
        assert_eq!(samples, [STRETCH; 6]);
        assert_eq!(chunks, [32, 32, 64, 128, 256, 512]);
    }

    #[test]
    fn the_estimate_is_near_what_gzip_makes() {
        // Lines of words, then bytes without order: compressed to a third, and not at all.
        let words = ["alpha", "beta", "gamma", "delta", "layer", "image", "pull", "size"];
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let mut bytes = Vec::new();
        while bytes.len() < 9_000_000 {
            bytes.extend(words[random() % 8].bytes());
            bytes.push(if random() % 9 == 0 { b'\n' } else { b' ' });
        }
        bytes.extend((0..3_000_000).map(|_| random() as u8));
        let estimate = GzipEstimate::new(Arc::new(Pool::default()));
        for (number, part) in bytes.chunks(128 << 10).enumerate() {
            let (stretch, is_sample) = place(number as u64);
            estimate.change(stretch, |known| known.bytes += part.len() as u64);
            if is_sample {
                let compressed = compressed_bytes(part);
                estimate.change(stretch, |known| {
                    known.sample_bytes += part.len() as u64;
                    known.compressed_bytes += compressed;
                });
            }
        }
        let (whole, estimate) = (compressed_bytes(&bytes), estimate.finish());
        assert!(estimate.abs_diff(whole) * 20 < whole, "{estimate} of {whole}");
    }
}
