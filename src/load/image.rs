//! Which image a name means, and its bytes: a file, a folder, standard input, an engine, a registry. Nothing is decided
//! about what is in it.

use std::fmt;
use std::io::Read;

use crate::engine;
use crate::image::Platform;
use crate::image::ReadAt;
use crate::image::Store;
use crate::remote;

/// How sources are reached.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The platform that an engine or a registry is asked for; `None` leaves it to them.
    pub platform: Option<Platform>,
    /// How engines are reached.
    pub engine: engine::Options,
    /// How registries are reached.
    pub remote: remote::Options,
}

impl Options {
    /// What the process's environment says.
    pub fn of_process() -> Self {
        Self { platform: None, engine: engine::Options::of_process(), remote: remote::Options::of_process() }
    }
}

/// What kind of place an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
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

/// An image's source, opened.
pub struct Opened {
    /// What kind it is.
    pub place: Place,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is called there: the path, or the full name (`docker.io/library/alpine:latest`).
    pub name: String,
    /// Which source it is, in one sentence: ``image `alpine` from the engine at unix:///var/run/docker.sock``.
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

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for OpenError {}

/// Finds what `name` means and opens it. A bare name is a file or folder, else an image of the engine, else one of a
/// registry; `file:`, `oci:`, `docker:`, `registry:` say which; `-` is standard input.
///
/// # Errors
/// When there is no such image, or it may not be read.
pub fn open(name: &str, _options: &Options) -> Result<Opened, OpenError> {
    Err(OpenError { what: format!("`{name}` cannot be opened yet"), tried: Vec::new(), help: String::new() })
}
