//! What an engine is asked (Docker Engine API).

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::error::{Error, Kind};
use crate::image::Platform;

/// Which engine is meant, and how long to wait for it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// `DOCKER_TLS_VERIFY`: TLS, and the engine's certificate is checked.
    pub tls_verify: bool,
    /// `DOCKER_CERT_PATH`: folder of `ca.pem`, `cert.pem`, `key.pem`.
    pub certificates: Option<PathBuf>,
    /// The folder of docker's configuration; `None` where there is none.
    pub configuration: Option<PathBuf>,
    /// Until the engine answers its first question; 10 s where `None`.
    pub connect: Option<Duration>,
    /// Without a byte from it; 120 s where `None`.
    pub idle: Option<Duration>,
}

impl Options {
    /// What the process's environment says.
    pub fn of_process() -> Self {
        Self::default()
    }
}

/// An engine that has answered.
#[derive(Debug)]
pub struct Engine {
    endpoint: String,
    version: Version,
}

/// What an engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// `Docker Engine - Community`, `Podman Engine`; empty where it doesn't say.
    pub name: String,
    /// `28.5.2`.
    pub version: String,
    /// The API that is spoken with it: `1.51`.
    pub api: String,
    /// What it runs on.
    pub platform: Platform,
}

/// One of an engine's images, as its list has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`: digest of the config, or of index or manifest where the engine keeps images in containerd.
    pub id: String,
    /// `app:latest`; empty where it has no name.
    pub tags: Vec<String>,
    /// `app@sha256:…`: where it was pulled from or pushed to.
    pub digests: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was made, in seconds since 1970 (UTC).
    pub created: i64,
    /// Bytes, as the engine counts them.
    pub size: u64,
}

/// An image that was asked for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// As the list has it.
    pub image: Image,
    /// What it runs on.
    pub platform: Platform,
    /// Digests of its uncompressed layers, the lowest first.
    pub diff_ids: Vec<String>,
}

/// A step of an image's history, the newest first as the engine tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// In seconds since 1970 (UTC).
    pub created: i64,
    /// The instruction as the builder wrote it; empty where there is none.
    pub created_by: String,
    /// A remark.
    pub comment: String,
    /// Bytes of its layer, as the engine counts them.
    pub size: u64,
}

/// An image as `docker save` writes it: read to its end, or an error.
#[derive(Debug)]
pub struct Saved {}

impl Engine {
    /// Finds the engine that is meant and asks what it is.
    ///
    /// # Errors
    /// When none is there, it may not be asked, or the configuration is wrong.
    pub fn connect(_options: &Options) -> Result<Self, Error> {
        Err(unsupported())
    }

    /// Where it is: `unix:///var/run/docker.sock`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it is.
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// An image by name or ID; `None` where the engine has none.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn find(&self, _reference: &str) -> Result<Option<Found>, Error> {
        Err(unsupported())
    }

    /// All images that have a name, and those without that no other is built on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn images(&self) -> Result<Vec<Image>, Error> {
        Err(unsupported())
    }

    /// How an image came to be.
    ///
    /// # Errors
    /// When the engine fails or has no such image.
    pub fn history(&self, _reference: &str) -> Result<Vec<Step>, Error> {
        Err(unsupported())
    }

    /// An image as `docker save` writes it; of one platform where the engine can tell them apart.
    ///
    /// # Errors
    /// When the engine fails or has no such image.
    pub fn save(&self, _reference: &str, _platform: Option<&Platform>) -> Result<Saved, Error> {
        Err(unsupported())
    }
}

impl Read for Saved {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

fn unsupported() -> Error {
    Error { what: "engines cannot be asked yet".into(), help: String::new(), kind: Kind::Absent }
}
