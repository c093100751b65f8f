//! Manifests, indexes and the list of a docker archive, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::image::config::Platform;
use crate::image::digest::Digest;
use crate::image::document::or_default;

/// What points to a blob (OCI image-spec, descriptor.md).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Descriptor {
    #[serde(deserialize_with = "or_default")]
    pub(super) media_type: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) digest: String,
    pub(super) size: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) urls: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
    platform: Option<WrittenPlatform>,
    #[serde(deserialize_with = "or_default")]
    pub(super) artifact_type: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WrittenPlatform {
    #[serde(deserialize_with = "or_default")]
    os: String,
    #[serde(deserialize_with = "or_default")]
    architecture: String,
    #[serde(deserialize_with = "or_default")]
    variant: String,
    #[serde(rename = "os.version", deserialize_with = "or_default")]
    os_version: String,
}

impl Descriptor {
    /// The digest, if it is one.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest.parse().ok()
    }

    /// The platform, if one is told.
    pub(super) fn platform(&self) -> Option<Platform> {
        let WrittenPlatform { os, architecture, variant, os_version } = self.platform.clone()?;
        let platform = Platform { os, architecture, variant, os_version };
        (!platform.is_unknown()).then_some(platform)
    }

    /// Whether a builder put it there to speak about an image (BuildKit, docs/attestations/attestation-storage.md).
    pub(super) fn is_attestation(&self) -> bool {
        self.annotations.get("vnd.docker.reference.type").is_some_and(|kind| kind == "attestation-manifest")
    }

    /// Whether the blob may be kept elsewhere.
    pub(super) fn is_foreign(&self) -> bool {
        let kind = self.media_type.as_str();
        !self.urls.is_empty() || kind.contains("nondistributable") || kind.contains("rootfs.foreign")
    }
}

/// A list of manifests (OCI image-spec, image-index.md), or one manifest (manifest.md): which of them its members tell.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Manifest {
    pub(super) schema_version: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) artifact_type: String,
    pub(super) manifests: Option<Vec<Descriptor>>,
    pub(super) config: Option<Descriptor>,
    #[serde(deserialize_with = "or_default")]
    pub(super) layers: Vec<Descriptor>,
    pub(super) subject: Option<Descriptor>,
    #[serde(deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// What it is, where it is no image.
    pub(super) fn artefact(&self) -> Option<&str> {
        let config = self.config.as_ref().map_or("", |config| config.media_type.as_str());
        let of_image =
            ["", "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
        if !of_image.contains(&config) {
            return Some(if self.artifact_type.is_empty() { config } else { &self.artifact_type });
        }
        (!self.artifact_type.is_empty()).then_some(self.artifact_type.as_str())
    }

    /// Whether all that it holds is statements about something.
    pub(super) fn is_attestation(&self) -> bool {
        self.artifact_type.starts_with("application/vnd.docker.attestation.manifest")
            || (!self.layers.is_empty() && self.layers.iter().all(|layer| layer.media_type == IN_TOTO))
    }
}

/// The media type of statements.
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// One image of a docker archive's `manifest.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListedImage {
    #[serde(deserialize_with = "or_default")]
    pub(super) config: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) repo_tags: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) layers: Vec<String>,
    /// By diff ID; since engine 25.
    #[serde(deserialize_with = "or_default")]
    pub(super) layer_sources: BTreeMap<String, Descriptor>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::document::{parse, parse_list};

    #[test]
    fn null_and_missing_are_alike() {
        let listed: Vec<ListedImage> =
            parse_list("x", br#"[{"Config":"c.json","RepoTags":null},{"Layers":["a"],"Parent":""}]"#).unwrap();
        assert_eq!(listed[0].config, "c.json");
        assert!(listed[0].repo_tags.is_empty() && listed[0].layers.is_empty());
        let manifest: Manifest =
            parse("x", br#"{"schemaVersion":2,"config":null,"layers":null,"annotations":null}"#).unwrap();
        assert!(manifest.manifests.is_none() && manifest.layers.is_empty());
        assert!(parse::<Manifest>("x", br#"{"layers":{}}"#).is_err());
    }

    #[test]
    fn artefacts_are_distinguished_from_images() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse::<Manifest>("x", text.as_bytes()).unwrap().artefact(), expected, "{text}");
        };
        check(r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#, None);
        check(r#"{"config":{}}"#, None);
        check(
            r#"{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"}}"#,
            Some("application/vnd.cncf.helm.config.v1+json"),
        );
        check(r#"{"artifactType":"a/b","config":{"mediaType":"application/vnd.oci.empty.v1+json"}}"#, Some("a/b"));
    }
}
