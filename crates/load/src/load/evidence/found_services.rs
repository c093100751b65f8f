//! The services of a compose file, found by the Dockerfile, the name and the image that a build is known by: many builds ask
//! the same file.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compose::project::{ComposeProject, ComposeValue};
use crate::inputs::Service;
use crate::load::compose_input::dockerfile_path;

/// A service of a compose file, and how its image comes about.
#[derive(Debug)]
pub(super) struct FoundService {
    pub(super) service: Service,
    pub(super) image: Option<String>,
    is_built: bool,
}

/// The services of which a file says something, by their numbers.
#[derive(Debug, Default)]
pub(super) struct FoundServices {
    pub(super) all: Vec<FoundService>,
    /// Those that are built from a text in the file.
    pub(super) inline: Vec<usize>,
    /// Those that are built, by the Dockerfile's path without links.
    by_dockerfile: HashMap<PathBuf, Vec<usize>>,
    /// Those that run an image of others, by name.
    by_name: HashMap<String, Vec<usize>>,
    /// The same by image.
    by_image: HashMap<String, Vec<usize>>,
    /// The same by each service whose image Compose may have called so.
    by_default_name: HashMap<String, Vec<usize>>,
    /// The images of those that are not built.
    pub(super) images: Arc<BTreeSet<String>>,
}

impl FoundServices {
    /// The services of a project, each with its name and the file that says it; `bases` are images that its Dockerfiles
    /// stand on.
    pub(super) fn of<'p>(
        project: &'p ComposeProject,
        services: impl Iterator<Item = (&'p str, &'p ComposeValue, &'p str)>,
        bases: impl Iterator<Item = String>,
    ) -> Self {
        let mut all_services = Self::default();
        let mut images: BTreeSet<String> = bases.collect();
        for (name, value, file) in services {
            let at = all_services.all.len();
            let image = value.get("image").and_then(ComposeValue::as_text).map(str::to_owned);
            let build = value.get("build");
            if let Some(build) = build {
                all_services.add_built(build, at);
            } else {
                images.extend(image.clone());
                all_services.add_image(name, image.as_deref(), at);
            }
            let is_built = build.is_some();
            all_services.all.push(FoundService { service: Service::of(project, name, value, file), image, is_built });
        }
        all_services.images = Arc::new(images);
        all_services
    }

    fn add_built(&mut self, build: &ComposeValue, at: usize) {
        if build.get("dockerfile_inline").is_some() {
            self.inline.push(at);
        } else if let Some(path) = dockerfile_path(build).and_then(|path| Path::new(&path).canonicalize().ok()) {
            self.by_dockerfile.entry(path).or_default().push(at);
        }
    }

    fn add_image(&mut self, name: &str, image: Option<&str>, at: usize) {
        self.by_name.entry(name.to_owned()).or_default().push(at);
        let Some(image) = image else { return };
        self.by_image.entry(image.to_owned()).or_default().push(at);
        for service in services_of_default_name(image) {
            self.by_default_name.entry(service.to_owned()).or_default().push(at);
        }
    }

    /// Those that are built from a Dockerfile, by its path without links.
    pub(super) fn built_from(&self, dockerfile: &Path) -> &[usize] {
        self.by_dockerfile.get(dockerfile).map_or(&[], Vec::as_slice)
    }

    /// Those that run the image of a built service: of its name, where the file lies in the same folder, or with its image.
    pub(super) fn running(&self, built: &FoundService, is_same_folder: bool) -> impl Iterator<Item = usize> {
        let name = built.service.name.as_str();
        let named = if is_same_folder { self.by_name.get(name) } else { None };
        let with_image = match &built.image {
            Some(image) => self.by_image.get(image),
            None if is_same_folder && built.is_built => self.by_default_name.get(name),
            None => None,
        };
        named.into_iter().chain(with_image).flatten().copied()
    }
}

/// The services to which Compose gives this image where they have none of their own, whatever the project is called:
/// `api` of `shop-api`, with the older versions of Compose `shop_api`.
fn services_of_default_name(image: &str) -> impl Iterator<Item = &str> {
    let name = image.strip_suffix(":latest").unwrap_or(image);
    let marks = if name.contains(['/', ':', '@']) { "" } else { name };
    marks.match_indices(['-', '_']).filter(|(at, _)| *at > 0).map(move |(at, _)| &name[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_may_be_that_of_several_services() {
        let services = |image| services_of_default_name(image).collect::<Vec<_>>();
        assert_eq!(services("shop-my_api:latest"), ["my_api", "api"]);
        assert_eq!(services("-api"), [""; 0]);
        assert_eq!(services("team/shop-api"), [""; 0]);
        assert_eq!(services("shop-api:1"), [""; 0]);
    }
}
