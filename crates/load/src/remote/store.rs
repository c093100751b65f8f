//! A registry as a store of blobs, for the door by position.

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;

use super::blob_cache::BlobCache;
use super::options::RegistryOptions;
use super::reference::RegistryReference;
use super::registry::{Document, Registry};
use crate::failure::{Failure, FailureKind};
use crate::image::Digest;
use crate::image::OpenPart;
use crate::image::Store;

/// Manifests of docker before 2017; those of OCI have the same number.
const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+";

/// An image of a registry, as an OCI layout that is fetched piece by piece.
#[derive(Debug)]
pub struct Repository {
    registry: Registry,
    /// What the name means: a manifest or an index.
    top: Document,
    /// The layout's `index.json`.
    index: Vec<u8>,
    /// Where blobs are kept, if anywhere.
    blobs: Option<BlobCache>,
    /// Bytes of blobs, as the manifests say that were read.
    sizes: Mutex<BTreeMap<Digest, u64>>,
}

impl Repository {
    /// Fetches what a name means, and no more.
    ///
    /// # Errors
    /// See [`FailureKind`].
    pub fn open(reference: &RegistryReference, options: &RegistryOptions) -> Result<Self, Failure> {
        let registry = Registry::new(reference, options)?;
        let top = registry.manifest(&reference.version())?;
        let media_type = media_type(&top);
        let Some(media_type) = media_type.filter(|media_type| !media_type.starts_with(SCHEMA_1)) else {
            let what = format!("`{reference}` in the registry `{}` is not an image manifest", reference.host());
            let help =
                "schema 1 manifests and other artifacts are not supported; push the image again with a newer docker";
            return Err(Failure::new(FailureKind::Broken, what, help));
        };
        let mut annotations = json!({ "io.containerd.image.name": reference.to_string() });
        if let Some(tag) = &reference.tag {
            annotations["org.opencontainers.image.ref.name"] = tag.as_str().into();
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": media_type,
                "digest": top.digest.to_string(),
                "size": top.bytes.len(),
                "annotations": annotations,
            }],
        });
        let sizes = Mutex::new(blob_sizes(&top.bytes));
        Ok(Self { registry, top, index: index.to_string().into_bytes(), blobs: options.blobs.clone(), sizes })
    }

    /// The registry that it is in.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A blob, from the folder of blobs where there is one that can hold it.
    fn open_blob(&self, digest: &Digest) -> Result<OpenPart<'_>, Failure> {
        if let Some(blobs) = &self.blobs {
            let size = self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(digest).copied();
            let fetch = || {
                let blob = self.registry.blob(digest, 0)?;
                let bytes = blob.size();
                Ok((Box::new(blob) as _, bytes))
            };
            if let Some(file) = blobs.open(digest, size, fetch)? {
                let bytes = file.metadata().ok().map(|metadata| metadata.len());
                return Ok(OpenPart { bytes, read: Box::new(file) });
            }
        }
        let blob = self.registry.blob(digest, 0)?;
        Ok(OpenPart { bytes: blob.size(), read: Box::new(blob) })
    }

    /// The digest of what the name means: of a manifest or an index.
    pub const fn digest(&self) -> &Digest {
        &self.top.digest
    }
}

/// What a document is: as it says itself, else as the registry calls it, else by what it has.
fn media_type(document: &Document) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(&document.bytes).ok()?;
    if value.get("schemaVersion").and_then(serde_json::Value::as_u64) != Some(2) {
        return None;
    }
    let media_type =
        value.get("mediaType").and_then(serde_json::Value::as_str).filter(|media_type| !media_type.is_empty());
    let called = Some(document.media_type.as_str()).filter(|called| called.starts_with("application/vnd."));
    let kind = if value.get("manifests").is_some() { "index" } else { "manifest" };
    Some(media_type.or(called).map_or_else(|| format!("application/vnd.oci.image.{kind}.v1+json"), str::to_owned))
}

/// A descriptor of a manifest (OCI image-spec, descriptor.md), as far as it says how long a blob is.
#[derive(Deserialize)]
struct BlobSize {
    digest: String,
    size: u64,
}

/// The blobs of a manifest.
#[derive(Default, Deserialize)]
struct ManifestBlobs {
    config: Option<BlobSize>,
    #[serde(default)]
    layers: Vec<BlobSize>,
}

/// How long the blobs of a manifest are, as it says; nothing for an index.
fn blob_sizes(manifest: &[u8]) -> BTreeMap<Digest, u64> {
    let blobs: ManifestBlobs = serde_json::from_slice(manifest).unwrap_or_default();
    let blobs = blobs.config.into_iter().chain(blobs.layers);
    blobs.filter_map(|blob| Some((blob.digest.parse().ok()?, blob.size))).collect()
}

/// `blobs/sha256/<hex>` as a digest.
fn digest(name: &str) -> Option<Digest> {
    name.strip_prefix("blobs/")?.replacen('/', ":", 1).parse().ok()
}

fn open_manifest(bytes: &[u8]) -> OpenPart<'_> {
    OpenPart { bytes: Some(bytes.len() as u64), read: Box::new(Cursor::new(bytes)) }
}

fn optional<T>(result: Result<T, Failure>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == FailureKind::Missing => Ok(None),
        Err(error) => Err(error.into_io()),
    }
}

impl Store for Repository {
    fn open(&self, name: &str) -> io::Result<Option<OpenPart<'_>>> {
        match name {
            "index.json" => return Ok(Some(open_manifest(&self.index))),
            "oci-layout" => return Ok(Some(open_manifest(br#"{"imageLayoutVersion":"1.0.0"}"#))),
            _ => {}
        }
        let Some(digest) = digest(name) else { return Ok(None) };
        if digest == self.top.digest {
            return Ok(Some(open_manifest(&self.top.bytes)));
        }
        optional(self.open_blob(&digest))
    }

    fn manifest(&self, name: &str) -> io::Result<Option<OpenPart<'_>>> {
        let Some(digest) = digest(name).filter(|digest| *digest != self.top.digest) else { return self.open(name) };
        let document = optional(self.registry.manifest(&digest.to_string()))?;
        if let Some(document) = &document {
            self.sizes.lock().unwrap_or_else(PoisonError::into_inner).extend(blob_sizes(&document.bytes));
        }
        Ok(document.map(|document| OpenPart {
            bytes: Some(document.bytes.len() as u64),
            read: Box::new(Cursor::new(document.bytes)),
        }))
    }
}
