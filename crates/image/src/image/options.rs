//! What is asked of a reading of images, and what comes of it.

use std::sync::atomic::AtomicBool;

use crate::image::Image;
use crate::image::config::Platform;
use crate::image::digest::Digest;
use crate::image::error::Error;
use crate::image::limits::Limits;

/// What is compared with what was announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verify {
    /// Nothing.
    None,
    /// Digests and sizes of blobs.
    #[default]
    Blob,
    /// Those, and the diff IDs of layers.
    Full,
}

/// How far the reading of one blob has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The blob: its digest, or its name in the archive.
    pub blob: &'a str,
    /// Bytes of it that are read; the first report has 0.
    pub done: u64,
    /// Bytes of it altogether, as far as known. The last report has them as `done`.
    pub total: Option<u64>,
}

/// What is asked of a reading.
#[derive(Clone, Copy)]
pub struct ImageOptions<'a> {
    /// The platform that is asked for; `None`: the host's where there are several.
    pub platform: Option<&'a Platform>,
    /// Take all platforms.
    pub all_platforms: bool,
    /// The platform of this machine.
    pub host: &'a Platform,
    /// The image that is asked for where there are several: one of its names, a digest or the start of its ID; `None`
    /// takes all.
    pub reference: Option<&'a str>,
    /// What is compared with what was announced.
    pub verify: Verify,
    /// Read what is in the layers; without, documents only are read.
    pub contents: bool,
    /// Tell how programs are linked too (of layers whose contents are read): takes the memory of the largest of them.
    pub linkage: bool,
    /// Bounds.
    pub limits: Limits,
    /// Is told how far it has come, by several threads.
    pub progress: &'a (dyn Fn(Progress<'_>) + Sync),
    /// Ends the reading soon once it is set.
    pub cancelled: &'a AtomicBool,
}

static NEVER: AtomicBool = AtomicBool::new(false);
static LINUX: std::sync::LazyLock<Platform> = std::sync::LazyLock::new(|| Platform {
    os: "linux".to_owned(),
    architecture: "amd64".to_owned(),
    ..Platform::default()
});

impl Default for ImageOptions<'_> {
    fn default() -> Self {
        Self {
            platform: None,
            all_platforms: false,
            host: &LINUX,
            reference: None,
            verify: Verify::default(),
            contents: true,
            linkage: false,
            limits: Limits::default(),
            progress: &|_| {},
            cancelled: &NEVER,
        }
    }
}

/// What a reading brought.
#[derive(Debug, Default)]
pub struct Read {
    /// The images that were chosen, in the source's order.
    pub images: Vec<Image>,
    /// What the source says about how its images were made.
    pub attestations: Vec<Attestation>,
    /// Images and platforms of the source that were not chosen.
    pub others: Vec<OtherImage>,
    /// What is odd about the source, though it could be read; each in one sentence.
    pub notices: Vec<String>,
    /// What could not be read, or is not what was announced: the result is partial or doubtful where this is not empty.
    pub damaged: Vec<Error>,
}

/// An image that was not chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherImage {
    /// What it is called.
    pub reference: String,
    /// What it runs on, as far as told.
    pub platform: Option<Platform>,
    /// The digest of its manifest.
    pub manifest: Option<Digest>,
}

/// Statements about an image, as builders put them beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attestation {
    /// The digest of the manifest that names the statements.
    pub manifest: Option<Digest>,
    /// The digest of the manifest of the image that they are about.
    pub subject: Option<Digest>,
    /// The statements.
    pub statements: Vec<Statement>,
}

/// One in-toto statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its digest.
    pub digest: Option<Digest>,
    /// What it says, by its annotation: `https://slsa.dev/provenance/v1`, `https://spdx.dev/Document`.
    pub predicate_type: Option<String>,
    /// Its bytes as stored; `None` where they are not there, are too many, or say nothing about how the image was made.
    pub bytes: Option<Vec<u8>>,
}
