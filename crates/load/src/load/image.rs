//! Which image a name means, and its bytes: a file, a folder, standard input, an engine, a registry. Nothing is decided
//! about what is in it.

use std::io::{self, IsTerminal};
use std::path::Path;

use self::file::PathContent;
use crate::engine;
use crate::engine::Engine;
use crate::failure;
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
/// registry, which is not asked for the name of a file or a folder that is there. A name that looks like a missing file's is asked
/// of nobody. Docker Hub learns no name that may be private: it is not asked if the engine failed, or has an image whose
/// name differs in a few letters. `file:`, `oci:`, `docker:`, `registry:` say which; `-` is standard input.
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
        PathContent::Folder(why) | PathContent::File(why) => file = Some(why),
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
    let names_registry = RegistryReference::has_registry(name);
    let near = match ask_engine(name, options) {
        EngineAnswer::Image(opened) => {
            return Ok(OpenedImage { tried: tried.into_iter().chain(file).collect(), ..opened });
        }
        EngineAnswer::Failure(error) if file.is_none() && !names_registry => return Err(not_asked(name, error, tried)),
        EngineAnswer::Failure(error) => {
            tried.push(error.what);
            Vec::new()
        }
        EngineAnswer::NoImage(error, near) => {
            let is_misspelt = near.iter().any(|tag| repository(tag) != repository(name));
            if is_misspelt && file.is_none() && !names_registry {
                let help = format!("did you mean {}? use `registry:{name}` for an image of that name", quoted(&near));
                return Err(OpenError { tried, help, ..error });
            }
            tried.push(error.what);
            near
        }
    };
    // Who names a file that is there means it; its name is nothing to tell a registry.
    if let Some(what) = file {
        return Err(OpenError { what, tried, help: format!("use `registry:{name}` for the image of that name") });
    }
    match reference.and_then(|reference| of_registry(&reference, options)) {
        Ok(opened) => Ok(OpenedImage { tried, ..opened }),
        Err(mut error) => {
            if !near.is_empty() {
                error.help = format!("the engine has {}; {}", quoted(&near), error.help);
            }
            Err(OpenError { tried, ..error })
        }
    }
}

/// An engine that failed says nothing about a name: nobody else is asked.
fn not_asked(name: &str, error: OpenError, mut tried: Vec<String>) -> OpenError {
    tried.extend(error.tried);
    let near = file::near_images(Path::new(name));
    let near = if near.is_empty() { String::new() } else { format!("did you mean the file {}? ", quoted(&near)) };
    let help = format!("{near}{}; use `registry:{name}` for an image in a registry", error.help);
    OpenError { what: error.what, tried, help }
}

/// `a` or `b`, in backticks.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

/// A name without its tag.
fn repository(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
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

/// What an engine says of a name.
enum EngineAnswer {
    /// It has the image.
    Image(OpenedImage),
    /// It has none of this name; then the names of its images that are spelled nearly so, the nearest first.
    NoImage(OpenError, Vec<String>),
    /// It cannot be reached, or fails.
    Failure(OpenError),
}

fn of_engine(reference: &str, options: &SourceOptions) -> Result<OpenedImage, OpenError> {
    match ask_engine(reference, options) {
        EngineAnswer::Image(opened) => Ok(opened),
        EngineAnswer::Failure(error) => Err(error),
        EngineAnswer::NoImage(error, near) if near.is_empty() => Err(error),
        EngineAnswer::NoImage(error, near) => {
            let help = format!("did you mean {}? {}", quoted(&near), error.help);
            Err(OpenError { help, ..error })
        }
    }
}

fn ask_engine(reference: &str, options: &SourceOptions) -> EngineAnswer {
    let answer = Engine::connect(&options.engine).and_then(|engine| {
        let platform = options.platform.as_ref();
        if let Some(known) = engine.find(reference, platform)? {
            // The engine saves all tags of a name that has none, and looks up the one that it implies.
            let implied = format!("{reference}:latest");
            let name = if known.tags.contains(&implied) { implied.as_str() } else { reference };
            return Ok(EngineAnswer::Image(save(&engine, (reference, name), platform)?));
        }
        let platform = platform.map(|platform| format!(" for {platform}")).unwrap_or_default();
        let error = OpenError::new(
            format!("the engine at `{}` has no image `{reference}`{platform}", engine.endpoint()),
            "`docker images` lists the available images; `registry:` reads from a registry",
        );
        let tags = engine.images()?.into_iter().flat_map(|image| image.tags).collect();
        Ok(EngineAnswer::NoImage(error, near_tags(reference, tags)))
    });
    answer.unwrap_or_else(|failure| EngineAnswer::Failure(failure.into()))
}

/// The tags that differ from a name in a few letters, or in the tag alone; the nearest first.
fn near_tags(name: &str, tags: Vec<String>) -> Vec<String> {
    let full = if repository(name) == name { format!("{name}:latest") } else { name.to_owned() };
    let mut near: Vec<(usize, String)> = tags
        .into_iter()
        .filter_map(|tag| {
            let distance = file::spelling_distance(repository(name), repository(&tag))?;
            Some((distance + strsim::osa_distance(&full, &tag), tag))
        })
        .collect();
    near.sort();
    near.into_iter().map(|(_, tag)| tag).take(file::SUGGESTIONS).collect()
}

/// `name`: that of the one image that the engine saves for the reference.
fn save(
    engine: &Engine,
    (reference, name): (&str, &str),
    platform: Option<&Platform>,
) -> Result<OpenedImage, failure::Failure> {
    let saved = engine.save(name, platform)?;
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
    fn no_registry_is_asked_for_a_name_that_an_engine_failed_to_answer() {
        for name in ["customer-app", "team/customer-app:1.2", "debian"] {
            let text = opened(name);
            assert!(text.starts_with("cannot connect to a Docker engine"), "{text}");
            assert!(text.contains(&format!("use `registry:{name}` for an image in a registry")), "{text}");
        }
    }

    #[test]
    fn tags_that_are_spelled_nearly_so_are_found() {
        let check = |name: &str, tags: &[&str], expected: &[&str]| {
            assert_eq!(near_tags(name, tags.iter().map(|&tag| tag.to_owned()).collect()), expected, "{name}");
        };
        check("shop-apy", &["shop-api:1", "shop-api:latest", "debian:12"], &["shop-api:latest", "shop-api:1"]);
        check("alpine:3.21", &["alpine:3.22", "debian:12"], &["alpine:3.22"]);
        check("localhost:5000/ap", &["localhost:5000/app:latest", "app:latest"], &["localhost:5000/app:latest"]);
        check("a", &["b:latest"], &[]);
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
