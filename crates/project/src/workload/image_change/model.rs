//! What sets images, as far as it says which.

use super::pattern::ImagePattern;
use crate::text::path;
use crate::workload::model::{Container, Platform, Workload};

/// Something that sets images, as far as it says which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageChange {
    /// What the image must be like.
    pub(super) image: ImageSign,
    /// The files and folders that it changes; all where there are none.
    pub(super) files: Vec<String>,
    /// The names of Deployments and their likes; all where there are none.
    pub(super) objects: Vec<String>,
    /// The names of containers; all where there are none.
    pub(super) containers: Vec<String>,
    /// The only platform that it is for.
    pub(super) platform: Option<Platform>,
}

/// What a change says of the image that it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum ImageSign {
    /// Nothing.
    #[default]
    None,
    /// Its name without a tag.
    Name(ImagePattern),
    /// The line that it stands in.
    Line(ImagePattern),
}

impl ImageChange {
    /// Whether it says nothing of what it changes.
    pub fn is_open(&self) -> bool {
        let names_image = match &self.image {
            ImageSign::None => false,
            ImageSign::Name(_) => true,
            ImageSign::Line(pattern) => pattern.names_image(),
        };
        !names_image && self.files.is_empty() && self.objects.is_empty() && self.containers.is_empty()
    }

    /// Whether it sets the image of a container; `place`: the path of its manifest from the top.
    pub fn covers(&self, place: &str, workload: &Workload, container: &Container, image: &str) -> bool {
        let names = |known: &[String], name: Option<&str>| {
            known.is_empty() || name.is_some_and(|name| known.iter().any(|known| known == name))
        };
        let is_image = match &self.image {
            ImageSign::None => true,
            ImageSign::Name(pattern) => pattern.is(bare_name(image)),
            ImageSign::Line(pattern) => pattern.takes_image(image),
        };
        is_image
            && self.platform.is_none_or(|platform| platform == workload.platform)
            && names(&self.objects, workload.name.as_deref())
            && names(&self.containers, Some(&container.name))
            && (self.files.is_empty() || self.files.iter().any(|file| is_meant(place, file)))
    }
}

/// Those of some paths that no variable decides.
pub(super) fn closed(paths: Vec<&str>) -> Vec<String> {
    let plain = |path: &str| {
        // What stands behind the last variable is still known.
        let rest = path.rsplit_once(['}', ')']).map_or(path, |(_, rest)| rest);
        let rest = if rest.contains('$') { rest.split_once('/').map_or("", |(_, rest)| rest) } else { rest };
        rest.trim_start_matches(['/', '.']).to_owned()
    };
    let paths: Vec<String> = paths.into_iter().map(plain).collect();
    if paths.iter().any(String::is_empty) { Vec::new() } else { paths }
}

/// Whether a manifest is a file that a command names, or lies in a folder that it names.
fn is_meant(place: &str, named: &str) -> bool {
    let place = format!("/{place}");
    let named = path::normalize(named);
    let named = named.trim_start_matches("../");
    match named.split_once('*') {
        Some((folder, ending)) => {
            let ending = ending.rsplit('*').next().unwrap_or_default();
            let (folder, start) = path::split(folder);
            let is_below = folder.is_empty() || place.contains(&format!("/{folder}/"));
            is_below && place.ends_with(ending) && place.contains(&format!("/{start}"))
        }
        None => place.ends_with(&format!("/{named}")) || place.contains(&format!("/{named}/")),
    }
}

/// The name of an image without its tag and digest.
pub(super) fn bare_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}
