//! Which image a name means, and its bytes: a file, a folder, standard input, an engine, a registry. Nothing is decided
//! about what is in it.

use std::io::{self, IsTerminal};
use std::path::Path;

use self::file::PathContent;
use crate::engine;
use crate::engine::Engine;
use crate::image::Platform;
use crate::remote;
use crate::remote::RegistryReference;
use crate::remote::Repository;

mod file;
mod opened;

pub use self::opened::{Bytes, ImagePlace, OpenError, OpenedImage};

/// How sources are reached.
#[derive(Clone, Debug, Default)]
pub struct SourceOptions {
    /// The platform that an engine is asked for; `None` leaves it to the engine.
    pub platform: Option<Platform>,
    /// How engines are reached.
    pub engine: engine::EngineOptions,
    /// How registries are reached.
    pub remote: remote::RegistryOptions,
}

impl SourceOptions {
    /// What the process's environment says.
    pub fn of_process() -> Self {
        Self {
            platform: None,
            engine: engine::EngineOptions::of_process(),
            remote: remote::RegistryOptions::of_process(),
        }
    }
}

/// Finds what `name` means and opens it. A bare name is a file or folder, else an image of the engine, else one of a
/// registry, which is not asked for the name of a file that is there; a name that looks like a missing file's is asked
/// of nobody. `file:`, `oci:`, `docker:`, `registry:` say which; `-` is standard input.
///
/// # Errors
/// When there is no such image, or it may not be read.
pub fn open(name: &str, options: &SourceOptions) -> Result<OpenedImage, OpenError> {
    if name == "-" {
        return stdin();
    }
    match name.split_once(':') {
        // Others mean a registry by it.
        Some(("docker", rest)) if rest.starts_with("//") => Err(OpenError::new(
            format!("`{name}` is ambiguous: it may be an image in the engine or in a registry"),
            format!("use `registry:{0}` or `docker:{0}`", rest.trim_start_matches('/')),
        )),
        Some(("file", path)) => file::open(Path::new(path)),
        Some(("oci", path)) => file::open_layout(path),
        Some(("docker", reference)) => forced(name, of_engine(reference, options)),
        Some(("registry", reference)) => {
            forced(name, parse(reference).and_then(|reference| of_registry(&reference, options)))
        }
        _ => open_by_name(name, options),
    }
}

/// There are images that are called as the prefixes are: `docker:dind`, `registry:3`.
fn forced(name: &str, opened: Result<OpenedImage, OpenError>) -> Result<OpenedImage, OpenError> {
    opened.map_err(|mut error| {
        if !name.contains('/') && parse(name).is_ok() {
            error.help = format!("{}; use `docker.io/library/{name}` for the image of that name", error.help);
        }
        error
    })
}

fn open_by_name(name: &str, options: &SourceOptions) -> Result<OpenedImage, OpenError> {
    let mut tried = Vec::new();
    let mut file = None;
    match file::look(Path::new(name)) {
        PathContent::Image => return file::open(Path::new(name)),
        PathContent::Folder(why) => tried.push(why),
        PathContent::File(why) => file = Some(why),
        PathContent::Nothing if file::is_meant(name) => return Err(missing(name)),
        PathContent::Nothing => tried.push(format!("no file or folder `{name}`")),
    }
    let reference = parse(name);
    let is_id = !name.is_empty() && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Err(error) = &reference
        && !is_id
    {
        let what =
            file.unwrap_or_else(|| format!("`{name}` is neither an image file or folder nor a valid image name"));
        return Err(OpenError { what, tried, help: error.what.clone() });
    }
    match of_engine(name, options) {
        Ok(opened) => return Ok(OpenedImage { tried: tried.into_iter().chain(file).collect(), ..opened }),
        Err(error) => tried.push(error.what),
    }
    // Who names a file that is there means it; its name is nothing to tell a registry.
    if let Some(what) = file {
        return Err(OpenError { what, tried, help: format!("use `registry:{name}` for the image of that name") });
    }
    match reference.and_then(|reference| of_registry(&reference, options)) {
        Ok(opened) => Ok(OpenedImage { tried, ..opened }),
        Err(error) => Err(OpenError { tried, ..error }),
    }
}

/// A file that is not there, and how to name an image that is called as it is.
fn missing(name: &str) -> OpenError {
    let mut error = file::missing(Path::new(name));
    if parse(name).is_ok() {
        let joint = if error.help.ends_with('?') { "" } else { ";" };
        error.help.push_str(&format!("{joint} use `docker:{name}` or `registry:{name}` for an image of that name"));
    }
    error
}

fn parse(text: &str) -> Result<RegistryReference, OpenError> {
    text.parse::<RegistryReference>().map_err(|error| {
        OpenError::new(error.to_string(), "an image name is [registry/]repository[:tag][@digest], as in `alpine:3.22`")
    })
}

fn stdin() -> Result<OpenedImage, OpenError> {
    let input = io::stdin();
    if input.is_terminal() {
        return Err(OpenError::new("standard input is empty", "use `docker save IMAGE | dockopt image -`"));
    }
    Ok(OpenedImage {
        place: ImagePlace::Stdin,
        bytes: Bytes::Stream(Box::new(input)),
        name: "-".to_owned(),
        choice: None,
        sentence: "image on standard input".to_owned(),
        tried: Vec::new(),
    })
}

fn of_engine(reference: &str, options: &SourceOptions) -> Result<OpenedImage, OpenError> {
    let engine = Engine::connect(&options.engine)?;
    let platform = options.platform.as_ref();
    if engine.find(reference, platform)?.is_none() {
        let platform = platform.map(|platform| format!(" for {platform}")).unwrap_or_default();
        return Err(OpenError::new(
            format!("the engine at `{}` has no image `{reference}`{platform}", engine.endpoint()),
            "`docker images` lists the available images; `registry:` reads from a registry",
        ));
    }
    let saved = engine.save(reference, platform)?;
    Ok(OpenedImage {
        place: ImagePlace::Engine,
        bytes: Bytes::Stream(Box::new(saved)),
        name: reference.to_owned(),
        choice: None,
        sentence: format!("image `{reference}` in the engine at {}", engine.endpoint()),
        tried: Vec::new(),
    })
}

fn of_registry(reference: &RegistryReference, options: &SourceOptions) -> Result<OpenedImage, OpenError> {
    let repository = Repository::open(reference, &options.remote)?;
    Ok(OpenedImage {
        place: ImagePlace::Registry,
        bytes: Bytes::Store(Box::new(repository)),
        name: reference.to_string(),
        choice: None,
        sentence: format!("image `{}` in the registry {}", reference.familiar(), reference.host()),
        tried: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is opened, or what stands in the way, where there is neither an engine nor a registry.
    fn opened(name: &str) -> String {
        let mut options = SourceOptions::default();
        options.remote.limits.retries = 0;
        match open(name, &options) {
            Ok(opened) => opened.sentence,
            Err(error) => [error.what, error.help].into_iter().chain(error.tried).collect::<Vec<_>>().join(" | "),
        }
    }

    #[test]
    fn a_name_says_what_it_means() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("a.tar.gz"), b"\x1f\x8b").unwrap();
        std::fs::write(path("text"), "text").unwrap();
        std::fs::create_dir(path("layout")).unwrap();
        std::fs::write(path("layout/index.json"), "{}").unwrap();
        let file = format!("image in the file `{}`", path("a.tar.gz"));
        assert_eq!(opened(&path("a.tar.gz")), file);
        assert_eq!(opened(&format!("file:{}", path("a.tar.gz"))), file);
        assert_eq!(opened(&format!("file:{}", path("text"))), format!("image in the file `{}`", path("text")));
        let layout = format!("image in the folder `{}`", path("layout"));
        assert_eq!(opened(&path("layout")), layout);
        assert_eq!(opened(&format!("oci:{}:v1", path("layout"))), layout);

        let text = opened(&path("text"));
        assert!(text.starts_with(&format!("`{}` is not an image archive | ", path("text"))), "{text}");
        std::fs::write(path("empty"), "").unwrap();
        let empty = opened(&path("empty"));
        assert!(empty.starts_with(&format!("`{}` is an empty file | ", path("empty"))), "{empty}");
        let file = opened("Cargo.lock");
        assert!(file.contains("is not a valid image name"), "{file}");
        assert_eq!(opened("./none"), "no such file: `./none` | check the path");
        assert_eq!(opened("file:none"), "no such file: `none` | check the path");
        assert!(opened("docker://a").contains("use `registry:a` or `docker:a`"));
        assert!(opened("docker:dind").contains("use `docker.io/library/docker:dind`"), "{}", opened("docker:dind"));

        let nowhere = opened("127.0.0.1:1/app");
        assert!(nowhere.starts_with("the registry `127.0.0.1:1` cannot be reached"), "{nowhere}");
        assert!(
            nowhere.contains("| no file or folder `127.0.0.1:1/app` | cannot connect to a Docker engine"),
            "{nowhere}"
        );
    }
}
