//! A registry as a store of blobs, for the door by position.

use std::io::{self, Cursor};

use serde_json::json;

use super::options::RegistryOptions;
use super::reference::RegistryReference;
use super::registry::{Document, Registry};
use crate::failure::{Failure, FailureKind};
use crate::image::Digest;
use crate::image::OpenPart;
use crate::image::Store;

/// An image of a registry, as an OCI layout that is fetched piece by piece.
#[derive(Debug)]
pub struct Repository {
    registry: Registry,
    /// What the name means: a manifest or an index.
    top: Document,
    /// The layout's `index.json`.
    index: Vec<u8>,
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
        let Some(media_type) = media_type.filter(|media_type| !media_type.contains("manifest.v1+")) else {
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
        Ok(Self { registry, top, index: index.to_string().into_bytes() })
    }

    /// The registry that it is in.
    pub const fn registry(&self) -> &Registry {
        &self.registry
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
        let blob = optional(self.registry.blob(&digest, 0))?;
        Ok(blob.map(|blob| OpenPart { bytes: blob.size(), read: Box::new(blob) }))
    }

    fn manifest(&self, name: &str) -> io::Result<Option<OpenPart<'_>>> {
        let Some(digest) = digest(name).filter(|digest| *digest != self.top.digest) else { return self.open(name) };
        let document = optional(self.registry.manifest(&digest.to_string()))?;
        Ok(document.map(|document| OpenPart {
            bytes: Some(document.bytes.len() as u64),
            read: Box::new(Cursor::new(document.bytes)),
        }))
    }
}
