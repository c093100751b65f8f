//! One layer blob, read once: decompressed, hashed, walked.

mod read_ahead;
mod content;
mod hashes;
mod members;
mod names;
mod oddities;
mod decoded_reader;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use self::decoded_reader::{Pieces, ScanState};
use self::hashes::Hashes;
use self::members::Members;
pub use self::members::ScannedLayer;
use self::read_ahead::ReadAhead;
use crate::image::decode::{DecodeOptions, Decoder, Pool};
use crate::image::digest::Algorithm;
use crate::image::fault::{Fault, FaultKind};
use crate::image::gzip_estimate::GzipEstimate;
use crate::image::layer::{Compression, Contents};
use crate::image::limits::Limits;
use crate::image::tar::{End, MemberWalk, TarError};

/// What is worked out of a blob.
#[derive(Clone, Copy)]
pub struct ScanOptions<'a> {
    /// Bytes of the blob as its source has it, where that is known.
    pub bytes: Option<u64>,
    /// Which digest of the blob as stored, if any.
    pub digest: Option<Algorithm>,
    /// Whether the digest of the decompressed archive (SHA-256) is worked out.
    pub diff_id: bool,
    /// Whether contents are hashed and watched; without it entries have no [`LayerEntry::content`](crate::image::LayerEntry).
    pub contents: bool,
    /// Whether it is told how programs are linked; takes the memory of the largest of them.
    pub linkage: bool,
    /// Bounds.
    pub limits: &'a Limits,
    /// Decompressed bytes of all blobs of this run so far; held against [`Limits::inflated_bytes`].
    pub inflated: &'a AtomicU64,
    /// Is told of each piece how many bytes of the blob were read.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// A blob that can't be read to its end.
#[derive(Debug)]
pub struct ScanError {
    /// Why.
    pub fault: Fault,
    /// What was read before; its `contents` is [`Contents::Damaged`](crate::image::Contents).
    pub partial: Box<ScannedLayer>,
}

impl fmt::Display for ScanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(formatter)
    }
}

impl Error for ScanError {}

/// Reads one layer blob to its end: decompresses by its first bytes, hashes, walks.
///
/// Uses idle threads of the rayon pool that it is called in; needs none.
///
/// # Errors
/// When the blob can't be read, ends early, is corrupt or goes past a limit; with what was read before.
pub fn scan(blob: &mut (dyn Read + Send), options: &ScanOptions<'_>) -> Result<ScannedLayer, ScanError> {
    let pool = Arc::new(Pool::default());
    let demands = DecodeOptions {
        limits: options.limits,
        inflated: options.inflated,
        progress: options.progress,
        is_kept: options.digest.is_some(),
    };
    let decoder = match Decoder::new(blob, Arc::clone(&pool), demands) {
        Ok(decoder) => decoder,
        Err(fault) => return Err(ScanError { partial: Box::new(damaged(ScannedLayer::default(), &fault)), fault }),
    };
    let compression = decoder.compression();
    let stored = compression == Compression::None;
    let hashes = Hashes::new(options.digest, options.diff_id, stored, Arc::clone(&pool));
    let gzip_estimate = (stored && options.contents).then(|| GzipEstimate::new(options.bytes));
    let shared = ScanState { ahead: ReadAhead::new(decoder), hashes, pool, stored };
    let (members, outcome) = rayon::in_place_scope(|scope| {
        let mut walk = MemberWalk::new(Pieces::new(&shared, scope, gzip_estimate), options.limits);
        let mut members = Members::new((options.contents, options.linkage), options.limits);
        let outcome = walked(&mut walk, &mut members);
        (members, outcome)
    });
    let mut scanned = members.finish();
    scanned.layer.compression = compression;
    finish(scanned, shared, outcome, options.limits)
}

/// How far a walk came.
struct WalkOutcome {
    fault: Option<Fault>,
    /// Whether the archive itself was decoded to its end.
    decoded: bool,
    tar_bytes: u64,
    gzip_bytes: Option<u64>,
    end: Option<End>,
    trailing: bool,
}

/// Walks over all members, then reads the rest of the blob, whatever happened.
fn walked<R: Read + Send>(walk: &mut MemberWalk<'_, Pieces<'_, '_, '_, R>>, members: &mut Members<'_>) -> WalkOutcome {
    let error = members.read(walk).err();
    let (end, place) = (walk.end(), walk.source().place());
    let trailing = walk.source().drain();
    let tar_bytes = walk.source().bytes_read();
    let gzip_bytes = walk.source().gzip_bytes();
    let of_decoder = walk.source().take_fault();
    let decoded = of_decoder.is_none();
    let fault = match error {
        // A source's error is the decoder's fault, which says more.
        Some(TarError::Read(_)) if !decoded => of_decoder,
        Some(error) => Some(of_tar(error, place)),
        None => of_decoder,
    };
    WalkOutcome { fault, decoded, tar_bytes, gzip_bytes, end, trailing }
}

fn of_tar(error: TarError, offset: u64) -> Fault {
    let (kind, what, tar_offset) = match error {
        TarError::Read(error) => return Fault::unreadable(&error, offset),
        TarError::Truncated(at) => (FaultKind::Truncated, "the archive ends early".to_owned(), at),
        TarError::Corrupt(at, what) => (FaultKind::Corrupt, what, at),
        TarError::Limit(at, what) => (FaultKind::Limit, what, at),
    };
    Fault { kind, what, offset, tar_offset: Some(tar_offset) }
}

fn finish<R: Read + Send>(
    mut scanned: ScannedLayer,
    shared: ScanState<'_, R>,
    outcome: WalkOutcome,
    limits: &Limits,
) -> Result<ScannedLayer, ScanError> {
    let ScanState { ahead, hashes, .. } = shared;
    let decoder = ahead.into_decoder();
    let complete = decoder.as_ref().is_some_and(Decoder::is_complete);
    let (blob, diff_id) = hashes.map(Hashes::finish).unwrap_or_default();
    scanned.blob = if complete { blob } else { None };
    scanned.diff_id = if complete && outcome.decoded { diff_id } else { None };
    let layer = &mut scanned.layer;
    layer.digest.clone_from(&scanned.blob);
    layer.diff_id.clone_from(&scanned.diff_id);
    layer.blob_bytes = decoder.map_or(0, |decoder| decoder.position());
    if outcome.decoded {
        layer.gzip_estimate = outcome.gzip_bytes;
    }
    layer.tar_bytes = outcome.decoded.then_some(outcome.tar_bytes);
    let (from, to) = (layer.blob_bytes, outcome.tar_bytes);
    if to > limits.ratio_from && to / limits.ratio.max(1) > from {
        let times = to / from.max(1);
        scanned.notices.push(format!("{from} bytes decompress to {to}, {times} times as many"));
    }
    if let Some(fault) = outcome.fault {
        return Err(ScanError { partial: Box::new(damaged(scanned, &fault)), fault });
    }
    match outcome.end {
        Some(End::Marked) | None => {}
        Some(End::Unmarked) => scanned.notices.push("the archive has no end marker".to_owned()),
        Some(End::Unpadded) => scanned.notices.push("the archive ends within the padding of its last file".to_owned()),
    }
    if outcome.trailing {
        scanned.notices.push("the archive is followed by extra bytes, which engines ignore".to_owned());
    }
    Ok(scanned)
}

fn damaged(mut scanned: ScannedLayer, fault: &Fault) -> ScannedLayer {
    scanned.layer.contents = Contents::Damaged(fault.to_string());
    scanned
}
