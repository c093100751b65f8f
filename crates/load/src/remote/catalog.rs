//! What a registry has: its repositories and their tags (OCI distribution-spec, "Content Discovery"; `_catalog` is of the
//! registry of docker, and many refuse it).

use std::collections::BTreeSet;
use std::io::Read;

use jiff::Timestamp;
use serde::Deserialize;
use ureq::Body;
use ureq::http::{Response, header};

use super::options::RegistryOptions;
use super::reference::RegistryReference;
use super::registry::Registry;
use super::session::RegistryRequest;
use crate::failure::{Failure, FailureKind};
use crate::image::{Digest, Platform};

/// Names that are asked for at once; a registry may send fewer.
const PAGE: usize = 1_000;

/// Names of one list.
const MOST_NAMES: usize = 1_000_000;

/// Bytes of the names of one list, and of one name.
const MOST_BYTES: (usize, usize) = (256 << 20, 4_096);

/// Answers of one list.
const MOST_PAGES: usize = 20_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamesJson {
    repositories: Option<Vec<String>>,
    tags: Option<Vec<String>>,
}

/// The repositories of a registry, as it lists them; `host`: its name, with the port.
///
/// # Errors
/// When it refuses to list them or fails, see [`FailureKind`].
pub fn repositories(host: &str, options: &RegistryOptions) -> Result<Vec<String>, Failure> {
    let reference = RegistryReference { registry: host.to_owned(), repository: String::new(), tag: None, digest: None };
    let registry = Registry::new(&reference, options)?;
    let names = registry.names("_catalog", "the list of repositories", |names| names.repositories);
    names.map_err(|mut error| {
        if matches!(error.kind, FailureKind::Missing | FailureKind::Denied) {
            error.what = format!("the registry `{host}` does not list its repositories: {}", error.what);
            error.help =
                format!("name them with `--registry {host}/REPOSITORY` or in a file with `--images`; {}", error.help);
        }
        error
    })
}

impl Registry {
    /// The tags of the repository, as the registry lists them.
    ///
    /// # Errors
    /// See [`FailureKind`].
    pub fn tags(&self) -> Result<Vec<String>, Failure> {
        let what = format!("the tags of `{}`", self.reference().repository);
        self.names("tags/list", &what, |names| names.tags)
    }

    /// All pages of a list.
    fn names(
        &self,
        path: &str,
        what: &str,
        names_of: fn(NamesJson) -> Option<Vec<String>>,
    ) -> Result<Vec<String>, Failure> {
        let host = self.reference().host();
        let broken = |why: &str| {
            Failure::new(
                FailureKind::Broken,
                format!("the registry `{host}` {why} {what}"),
                "ask the registry's administrator, or name the images in a file with `--images`",
            )
        };
        let (mut all, mut bytes_of_all) = (Vec::new(), 0);
        let mut query = format!("n={PAGE}");
        let mut queries = BTreeSet::new();
        for _ in 0..MOST_PAGES {
            let address = format!("{path}?{query}");
            let request = RegistryRequest { path: &address, accept: "", from: 0, what };
            let response = self.session.get(&request)?;
            let next = next_query(&response);
            let bytes = self.session.document(response, what)?;
            let page: NamesJson =
                serde_json::from_slice(&bytes).map_err(|_| broken("sent what is not valid JSON for"))?;
            let names = names_of(page).unwrap_or_default();
            let longest = names.iter().map(String::len).max().unwrap_or(0);
            bytes_of_all += names.iter().map(String::len).sum::<usize>() + queries.len();
            all.extend(names);
            if all.len() > MOST_NAMES || bytes_of_all > MOST_BYTES.0 || longest > MOST_BYTES.1 {
                return Err(broken("sends more names than there can be in"));
            }
            queries.insert(query);
            match next {
                Some(next) if queries.contains(&next) => return Err(broken("repeats pages of")),
                Some(next) => query = next,
                None => return Ok(all),
            }
        }
        Err(broken("sends too many pages of"))
    }
}

/// The query of the next page, from `Link: </v2/_catalog?last=a&n=100>; rel="next"` (RFC 8288). Of the address the query alone
/// counts: it is sent to the same path of the same host.
fn next_query(response: &Response<Body>) -> Option<String> {
    let link = response.headers().get(header::LINK)?.to_str().ok()?;
    let (address, parameters) = link.split_once('<')?.1.split_once('>')?;
    let is_next = parameters.to_ascii_lowercase().replace('"', "").contains("rel=next");
    let query = address.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    (is_next && query.bytes().all(|byte| byte.is_ascii_graphic())).then(|| query.to_owned())
}

/// What an image is built on, how large it is, and when it was built, as far as its manifest and configuration say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageOrigin {
    /// The digest of its lowest layer, as it is stored; `None` for an image without layers.
    pub lowest_layer: Option<Digest>,
    /// Bytes of all layers as they are stored.
    pub bytes: u64,
    /// When it was built (RFC 3339); `None` where it doesn't say or nobody asked.
    pub created: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ManifestJson {
    manifests: Vec<DescriptorJson>,
    config: Option<DescriptorJson>,
    layers: Vec<DescriptorJson>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DescriptorJson {
    digest: String,
    size: u64,
    platform: Option<PlatformJson>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PlatformJson {
    os: String,
    architecture: String,
    variant: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigJson {
    created: Option<String>,
}

impl Registry {
    /// What an image is built on, and when it was built if that is asked for: one request for its manifest, one more for one
    /// of several platforms, one more for the date.
    ///
    /// # Errors
    /// See [`FailureKind`].
    pub fn origin(&self, version: &str, platform: Option<&Platform>, with_date: bool) -> Result<ImageOrigin, Failure> {
        let read = |bytes: &[u8]| serde_json::from_slice::<ManifestJson>(bytes).unwrap_or_default();
        let mut manifest = read(&self.manifest(version)?.bytes);
        if let Some(descriptor) = of_platform(&manifest.manifests, platform) {
            manifest = read(&self.manifest(&descriptor.digest)?.bytes);
        }
        let lowest_layer = manifest.layers.first().and_then(|layer| layer.digest.parse().ok());
        let digest = manifest.config.and_then(|config| config.digest.parse().ok());
        let created = match digest {
            Some(digest) if with_date => {
                let mut bytes = Vec::new();
                let config = self.blob(&digest, 0)?.take(self.session.limits.document).read_to_end(&mut bytes);
                let config = config.ok().and_then(|_| serde_json::from_slice::<ConfigJson>(&bytes).ok());
                config.and_then(|config| config.created?.parse().ok())
            }
            _ => None,
        };
        let bytes = manifest.layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
        Ok(ImageOrigin { lowest_layer, bytes, created })
    }
}

/// The manifest for a platform, which is this machine's where none is named; else the first that is for one.
fn of_platform<'d>(manifests: &'d [DescriptorJson], platform: Option<&Platform>) -> Option<&'d DescriptorJson> {
    let machine: Platform = format!("linux/{}", std::env::consts::ARCH).parse().unwrap_or_default();
    let wanted = platform.unwrap_or(&machine);
    let is_for = |descriptor: &&DescriptorJson| {
        descriptor.platform.as_ref().is_some_and(|platform| {
            platform.os == wanted.os
                && platform.architecture == wanted.architecture
                && (wanted.variant.is_empty() || platform.variant == wanted.variant)
        })
    };
    let is_image = |descriptor: &&DescriptorJson| {
        descriptor.platform.as_ref().is_none_or(|platform| platform.architecture != "unknown")
    };
    manifests.iter().find(is_for).or_else(|| manifests.iter().find(is_image))
}
