//! Which image a name means, and its bytes: a file, a folder, standard input, an engine, a registry. Nothing is decided
//! about what is in it.

use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use self::file::Looked;
use crate::engine;
use crate::engine::Engine;
use crate::image::Platform;
use crate::image::ReadAt;
use crate::image::Store;
use crate::remote;
use crate::remote::Reference;
use crate::remote::Repository;

mod file;

/// How sources are reached.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The platform that an engine is asked for; `None` leaves it to the engine.
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
pub struct Opened {
    /// What kind it is.
    pub place: Place,
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

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for OpenError {}

impl OpenError {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), tried: Vec::new(), help: help.into() }
    }
}

impl From<engine::Error> for OpenError {
    fn from(error: engine::Error) -> Self {
        Self::new(error.what, error.help)
    }
}

impl From<remote::Error> for OpenError {
    fn from(error: remote::Error) -> Self {
        Self::new(error.what, error.help)
    }
}

/// Finds what `name` means and opens it. A bare name is a file or folder, else an image of the engine, else one of a
/// registry; `file:`, `oci:`, `docker:`, `registry:` say which; `-` is standard input.
///
/// # Errors
/// When there is no such image, or it may not be read.
pub fn open(name: &str, options: &Options) -> Result<Opened, OpenError> {
    if name == "-" {
        return stdin();
    }
    match name.split_once(':') {
        // Others mean a registry by it.
        Some(("docker", rest)) if rest.starts_with("//") => Err(OpenError::new(
            format!("`{name}` may mean an engine or a registry"),
            format!("write `registry:{0}` or `docker:{0}`", rest.trim_start_matches('/')),
        )),
        Some(("file", path)) => file::open(Path::new(path)),
        Some(("oci", path)) => file::open_layout(path),
        Some(("docker", reference)) => match of_engine(reference, options)? {
            Ok(opened) => Ok(opened),
            Err(why) => {
                Err(OpenError::new(why, "`docker images` shows those that it has; `registry:` asks a registry"))
            }
        },
        Some(("registry", reference)) => of_registry(&parse(reference)?, options),
        _ => bare(name, options),
    }
}

fn bare(name: &str, options: &Options) -> Result<Opened, OpenError> {
    let mut tried = Vec::new();
    match file::look(Path::new(name)) {
        Looked::Image => return file::open(Path::new(name)),
        Looked::Other(why) => tried.push(why),
        Looked::Nothing => {}
    }
    let reference = parse(name);
    let is_id = !name.is_empty() && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Err(mut error) = reference.clone()
        && !is_id
    {
        // What was meant as a path is missed as one.
        let is_path = name.starts_with(['.', '/', '~', '\\']) || name.contains('\\') || tried.is_empty();
        if is_path && tried.is_empty() {
            error = OpenError::new(format!("`{name}` is neither a file nor a name of an image"), error.what);
        }
        return Err(OpenError { tried, ..error });
    }
    match of_engine(name, options) {
        Ok(Ok(opened)) => return Ok(Opened { tried, ..opened }),
        Ok(Err(why)) => tried.push(why),
        Err(error) => tried.push(error.what),
    }
    let opened = reference.and_then(|reference| of_registry(&reference, options));
    match opened {
        Ok(opened) => Ok(Opened { tried, ..opened }),
        Err(error) => {
            let first = if tried.is_empty() && !Path::new(name).exists() { "no file of this name" } else { "" };
            if !first.is_empty() {
                tried.insert(0, first.to_owned());
            }
            Err(OpenError { tried, ..error })
        }
    }
}

fn parse(text: &str) -> Result<Reference, OpenError> {
    text.parse::<Reference>().map_err(|error| {
        OpenError::new(
            error.to_string(),
            "an image is called [registry/]repository[:tag][@digest], as in `alpine:3.22`",
        )
    })
}

fn stdin() -> Result<Opened, OpenError> {
    let input = io::stdin();
    if input.is_terminal() {
        return Err(OpenError::new("nothing comes on standard input", "write `docker save IMAGE | dockopt image -`"));
    }
    Ok(Opened {
        place: Place::Stdin,
        bytes: Bytes::Stream(Box::new(input)),
        name: "-".to_owned(),
        choice: None,
        sentence: "image on standard input".to_owned(),
        tried: Vec::new(),
    })
}

/// An image of the engine; where it has none, a sentence that says so.
fn of_engine(reference: &str, options: &Options) -> Result<Result<Opened, String>, OpenError> {
    let engine = Engine::connect(&options.engine)?;
    let platform = options.platform.as_ref();
    if engine.find(reference, platform)?.is_none() {
        return Ok(Err(format!("the engine at `{}` has no image `{reference}`", engine.endpoint())));
    }
    let saved = engine.save(reference, platform)?;
    Ok(Ok(Opened {
        place: Place::Engine,
        bytes: Bytes::Stream(Box::new(saved)),
        name: reference.to_owned(),
        choice: None,
        sentence: format!("image `{reference}` of the engine at {}", engine.endpoint()),
        tried: Vec::new(),
    }))
}

fn of_registry(reference: &Reference, options: &Options) -> Result<Opened, OpenError> {
    let repository = Repository::open(reference, &options.remote)?;
    Ok(Opened {
        place: Place::Registry,
        bytes: Bytes::Store(Box::new(repository)),
        name: reference.to_string(),
        choice: None,
        sentence: format!("image `{}` of the registry {}", reference.familiar(), reference.host()),
        tried: Vec::new(),
    })
}
