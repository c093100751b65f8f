//! What opening an image comes to.

use std::fmt;
use std::io::Read;

use crate::failure::Failure;
use crate::image::{ReadAt, Store};

/// What kind of place an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImagePlace {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Standard input.
    Stdin,
    /// A Docker engine.
    Engine,
    /// A registry.
    Registry,
}

/// The bytes of an image, as one of the doors of [`crate::image`] takes them.
pub enum Bytes {
    /// For [`read_archive`](crate::image::read_archive).
    Archive(Box<dyn ReadAt>),
    /// For [`read`](crate::image::read).
    Store(Box<dyn Store>),
    /// For [`read_forward`](crate::image::read_forward).
    Stream(Box<dyn Read + Send>),
}

impl fmt::Debug for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Archive(_) => "archive",
            Self::Store(_) => "store",
            Self::Stream(_) => "stream",
        })
    }
}

/// An image's source, opened.
#[derive(Debug)]
pub struct OpenedImage {
    /// What kind it is.
    pub place: ImagePlace,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is called there: the path, or the full name (`docker.io/library/alpine:latest`).
    pub name: String,
    /// The image that is meant where there are several: what follows `oci:FOLDER:`.
    pub choice: Option<String>,
    /// Which source it is, in one sentence: ``image `alpine` of the engine at unix:///var/run/docker.sock``.
    pub sentence: String,
    /// What was tried before, and why it was not that; each in one sentence.
    pub tried: Vec<String>,
}

/// Why there is no such image: what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What was tried, each in one sentence.
    pub tried: Vec<String>,
    /// What to do about it.
    pub help: String,
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.what, failure.help)
    }
}

impl OpenError {
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), tried: Vec::new(), help: help.into() }
    }
}

impl std::error::Error for OpenError {}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}
