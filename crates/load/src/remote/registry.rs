//! One repository of one registry: manifests and blobs.

use std::sync::Arc;

use ureq::http::header;

use super::blob::Blob;
use super::options::RegistryOptions;
use super::reference::RegistryReference;
use super::session::{RegistryRequest, Session};
use crate::failure::{Failure, FailureKind};
use crate::image::{Algorithm, Digest};

/// What manifests may be: those of OCI and of docker, and lists of them.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A manifest or an index as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// As the registry calls it (`Content-Type`); empty where it calls it nothing.
    pub media_type: String,
    /// The digest of `bytes`: worked out, not believed.
    pub digest: Digest,
    /// What it is.
    pub bytes: Vec<u8>,
}

/// One repository of one registry. Nothing is asked before it must be.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(super) session: Arc<Session>,
}

impl Registry {
    /// The repository of a name.
    ///
    /// # Errors
    /// When a certificate can't be read.
    pub fn new(reference: &RegistryReference, options: &RegistryOptions) -> Result<Self, Failure> {
        Ok(Self { session: Arc::new(Session::new(reference, options)?) })
    }

    /// The name that it was made of.
    pub fn reference(&self) -> &RegistryReference {
        &self.session.reference
    }

    /// A manifest or an index, by tag or digest; one by digest has it.
    ///
    /// # Errors
    /// See [`FailureKind`].
    pub fn manifest(&self, version: &str) -> Result<Document, Failure> {
        let wanted: Option<Digest> = version.parse().ok();
        let separator = if wanted.is_some() { '@' } else { ':' };
        let what = format!("`{}{separator}{version}`", self.reference().repository);
        let path = format!("manifests/{version}");
        let request = RegistryRequest { path: &path, accept: MANIFESTS, from: 0, what: &what };
        let response = self.session.get(&request)?;
        let header_of =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type =
            header_of(header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim().to_owned();
        let announced: Option<Digest> = header_of("docker-content-digest").parse().ok();
        let bytes = self.session.document(response, &what)?;
        let expected = wanted.or(announced);
        let algorithm = expected.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let digest = Digest::of(algorithm, &bytes);
        if let Some(expected) = expected
            && expected != digest
        {
            let host = self.reference().host();
            return Err(Failure::new(
                FailureKind::Broken,
                format!("the registry `{host}` sent {what} with digest {digest}, expected {expected}"),
                "a proxy between this machine and the registry may change its responses",
            ));
        }
        Ok(Document { media_type, digest, bytes })
    }

    /// A blob, from its byte `from` on. Its digest is for the reader to check.
    ///
    /// # Errors
    /// See [`FailureKind`].
    pub fn blob(&self, digest: &Digest, from: u64) -> Result<Blob, Failure> {
        Blob::open(Arc::clone(&self.session), digest, from)
    }
}
