//! What an engine says of its images.

use std::collections::BTreeMap;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::api::{Api, Engine};
use super::connection::Timeout;
use super::image_stream::ImageArchive;
use crate::failure::{Failure, FailureKind};
use crate::image::Platform;

/// The API from which on an image of several platforms is saved, and its history told, for one of them.
const PLATFORMS: Api = Api(1, 48);

/// The API from which on one of them can be inspected.
const INSPECTED: Api = Api(1, 49);

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
pub struct FoundImage {
    /// As in [`Image::id`].
    pub id: String,
    /// `app:latest`; empty where it has no name.
    pub tags: Vec<String>,
    /// `app@sha256:…`: where it was pulled from or pushed to.
    pub digests: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was made, as written (RFC 3339); empty where it doesn't say.
    pub created: String,
    /// Bytes, as the engine counts them.
    pub size: u64,
    /// What it runs on.
    pub platform: Platform,
    /// Digests of its uncompressed layers, the lowest first.
    pub diff_ids: Vec<String>,
}

/// A step of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryStep {
    /// In seconds since 1970 (UTC).
    pub created: i64,
    /// The instruction as the builder wrote it; empty where there is none.
    pub created_by: String,
    /// A remark.
    pub comment: String,
    /// Bytes of its layer, as the engine counts them.
    pub size: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedImage {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    created: i64,
    size: i64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedImage {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    created: Option<String>,
    architecture: String,
    variant: Option<String>,
    os: String,
    os_version: Option<String>,
    size: i64,
    #[serde(rename = "RootFS")]
    root_fs: Option<RootFs>,
    config: Option<ImageSettings>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct RootFs {
    layers: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ImageSettings {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HistoryEntryJson {
    created: i64,
    created_by: String,
    comment: String,
    size: i64,
}

impl Engine {
    /// An image by name or ID; `None` where the engine has none. Of one platform where the engine can tell them apart.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn find(&self, reference: &str, platform: Option<&Platform>) -> Result<Option<FoundImage>, Failure> {
        let query = if self.api >= INSPECTED {
            platform.map(|platform| format!("?platform={}", parameter(platform)))
        } else {
            None
        };
        let path = self.path(&format!("/images/{}/json{}", escaped(reference), query.unwrap_or_default()));
        let image: InspectedImage = match self.connection.json(&path, Timeout::Usual) {
            Ok(image) => image,
            Err(error) if error.kind == FailureKind::Missing => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(FoundImage {
            id: image.id,
            tags: image.repo_tags.unwrap_or_default(),
            digests: image.repo_digests.unwrap_or_default(),
            labels: image.config.and_then(|settings| settings.labels).unwrap_or_default(),
            created: image.created.unwrap_or_default(),
            size: image.size.try_into().unwrap_or_default(),
            platform: Platform {
                os: image.os,
                architecture: image.architecture,
                variant: image.variant.unwrap_or_default(),
                os_version: image.os_version.unwrap_or_default(),
            },
            diff_ids: image.root_fs.and_then(|root_fs| root_fs.layers).unwrap_or_default(),
        }))
    }

    /// All images that have a name, and those without that no other is built on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn images(&self) -> Result<Vec<Image>, Failure> {
        let listed: Vec<ListedImage> = self.connection.json(&self.path("/images/json"), Timeout::Usual)?;
        // Old engines call what has no name so.
        let tagged_names = |names: Option<Vec<String>>| {
            let names = names.unwrap_or_default().into_iter();
            names.filter(|name| !name.starts_with("<none>")).collect()
        };
        let image = |item: ListedImage| Image {
            id: item.id,
            tags: tagged_names(item.repo_tags),
            digests: tagged_names(item.repo_digests),
            labels: item.labels.unwrap_or_default(),
            created: item.created,
            size: item.size.try_into().unwrap_or_default(),
        };
        Ok(listed.into_iter().map(image).collect())
    }

    /// How an image came to be, the lowest step first.
    ///
    /// # Errors
    /// When the engine fails or has no such image.
    pub fn history(&self, reference: &str, platform: Option<&Platform>) -> Result<Vec<HistoryStep>, Failure> {
        let query = if self.api >= PLATFORMS {
            platform.map(|platform| format!("?platform={}", parameter(platform)))
        } else {
            None
        };
        let path = self.path(&format!("/images/{}/history{}", escaped(reference), query.unwrap_or_default()));
        let entries: Vec<HistoryEntryJson> = self.connection.json(&path, Timeout::Usual)?;
        let step = |entry: HistoryEntryJson| HistoryStep {
            created: entry.created,
            created_by: entry.created_by,
            comment: entry.comment,
            size: entry.size.try_into().unwrap_or_default(),
        };
        Ok(entries.into_iter().rev().map(step).collect())
    }

    /// An image as `docker save` writes it; of one platform where the engine can tell them apart.
    ///
    /// # Errors
    /// When the engine fails or has no such image.
    pub fn save(&self, reference: &str, platform: Option<&Platform>) -> Result<ImageArchive, Failure> {
        let query = if self.api >= PLATFORMS {
            platform.map(|platform| format!("?platform={}", parameter(platform)))
        } else {
            None
        };
        let path = self.path(&format!("/images/{}/get{}", escaped(reference), query.unwrap_or_default()));
        let response = self.connection.get(&path, Timeout::Image)?;
        Ok(ImageArchive::new(Arc::clone(&self.connection), response.into_body()))
    }
}

/// All but the unreserved characters of RFC 3986 and those that separate the parts of a name.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':').remove(b'@');

/// A name as part of an address.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A platform as the API takes it: an object of JSON.
fn parameter(platform: &Platform) -> String {
    let mut object = serde_json::Map::new();
    let parts = [
        ("os", &platform.os),
        ("architecture", &platform.architecture),
        ("variant", &platform.variant),
        ("os.version", &platform.os_version),
    ];
    for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        object.insert(name.to_owned(), value.as_str().into());
    }
    escaped(&serde_json::Value::from(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_leave_their_place_in_an_address() {
        assert_eq!(escaped("a.b:5000/c/d:e@sha256:0"), "a.b:5000/c/d:e@sha256:0");
        assert_eq!(escaped("a?b#c d\u{e9}"), "a%3Fb%23c%20d%C3%A9");
        let platform = Platform { os: "linux".into(), architecture: "arm64".into(), ..Platform::default() };
        assert_eq!(parameter(&platform), "%7B%22architecture%22:%22arm64%22%2C%22os%22:%22linux%22%7D");
    }
}
