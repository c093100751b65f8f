//! What a fleet is made of.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of a path or of an image's name, which are options of a process later.
const LONGEST: usize = 4_096;

/// A folder or an image. Two are the same if they have the same name, whatever base is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FleetItem {
    /// A folder, as `audit` takes it.
    Folder {
        /// Its path.
        folder: String,
    },
    /// An image, as `image` takes it.
    Image {
        /// Its name, with the prefix that says where it is: `registry:registry.example/api:1.0`.
        image: String,
        /// What it is built on: the digest of its lowest layer, where that was looked up. Images of one base go to one shard.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        /// Bytes of a pull, where they were looked up: shards get about as much to read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
}

/// What the start of a process weighs, in bytes of an image that are read in that time.
const START_WEIGHT: u64 = 5_000_000;

/// What a folder weighs, in the same measure: the median of 150 public repositories.
const FOLDER_WEIGHT: u64 = 20_000_000;

/// What an image weighs of which nobody knows how large it is.
const IMAGE_WEIGHT: u64 = 50_000_000;

impl FleetItem {
    /// The path of the folder, or the name of the image.
    pub fn name(&self) -> &str {
        match self {
            Self::Folder { folder } => folder,
            Self::Image { image, .. } => image,
        }
    }

    /// Whether it is an image.
    pub const fn is_image(&self) -> bool {
        matches!(self, Self::Image { .. })
    }

    /// The registry that an image is read from, with its port; `None` for a folder, an archive and an image of an engine.
    pub fn registry(&self) -> Option<&str> {
        let Self::Image { image, .. } = self else { return None };
        let name = image.strip_prefix("registry:")?;
        let (host, rest) = name.split_once('/').unwrap_or(("docker.io", name));
        let is_host = host == "localhost" || host.contains(['.', ':']);
        Some(if is_host && !rest.is_empty() { host } else { "docker.io" })
    }

    /// An image of which nothing else is known.
    pub const fn of_image(image: String) -> Self {
        Self::Image { image, base: None, bytes: None }
    }

    /// How long it takes beside others, in bytes of an image that are read in that time.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Folder { .. } => FOLDER_WEIGHT,
            Self::Image { bytes, .. } => START_WEIGHT.saturating_add(bytes.unwrap_or(IMAGE_WEIGHT)),
        }
    }

    /// What is wrong with its name; nothing where it can be looked at.
    pub fn problem(&self) -> Option<String> {
        let name = self.name();
        let what = if self.is_image() { "image" } else { "folder" };
        match name {
            "" => Some(format!("the name of the {what} is empty")),
            "-" => Some("standard input cannot be looked at again".to_owned()),
            _ if name.len() > LONGEST => Some(format!("the name of the {what} has more than {LONGEST} bytes")),
            _ if name.chars().any(char::is_control) => {
                Some(format!("the name of the {what} contains a control character"))
            }
            _ => None,
        }
    }

    fn key(&self) -> (bool, &str) {
        (self.is_image(), self.name())
    }
}

/// The name of an image without the prefix that says where it is.
pub(super) fn bare_name(image: &str) -> &str {
    let prefixes = ["registry:", "docker:", "file:", "oci:"];
    prefixes.iter().find_map(|prefix| image.strip_prefix(prefix)).unwrap_or(image)
}

impl PartialEq for FleetItem {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for FleetItem {}

impl PartialOrd for FleetItem {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FleetItem {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for FleetItem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_of_an_image_is_known() {
        for (name, expected) in [
            ("registry:registry.example/team/api:1", Some("registry.example")),
            ("registry:localhost:5000/api", Some("localhost:5000")),
            ("registry:library/nginx:1", Some("docker.io")),
            ("registry:nginx", Some("docker.io")),
            ("docker:api:1", None),
            ("api.tar", None),
        ] {
            let item = FleetItem::of_image(name.to_owned());
            assert_eq!(item.registry(), expected, "{name}");
        }
    }
}
