//! Results of `image` and `image diff`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{MessageJson, OnlyWritten, lenient, lenient_list};

/// What a report reads of the result of `image`.
#[derive(Deserialize)]
pub(crate) struct ImagesJson {
    pub images: Vec<ImageJson>,
    #[serde(default)]
    pub problems: Vec<MessageJson>,
}

/// What a report reads of an image.
#[derive(Deserialize)]
pub(crate) struct ImageJson {
    #[serde(rename = "ref")]
    pub reference: String,
    #[serde(default)]
    pub names: Vec<String>,
    pub platform: Option<String>,
    pub base: Option<ImageBaseJson>,
    pub totals: ImageTotalsJson,
    #[serde(default)]
    pub layers: Vec<ImageLayerJson>,
    #[serde(default)]
    pub findings: Vec<ImageFindingJson>,
    #[serde(default)]
    pub budget: Vec<LimitJson>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub layer_trees: Vec<LayerTreeJson>,
    pub packages: Option<ImagePackagesJson>,
}

/// What a report reads of the packages of an image: the largest ones.
#[derive(Deserialize)]
pub(crate) struct ImagePackagesJson {
    #[serde(default, deserialize_with = "lenient_list")]
    pub list: Vec<ImagePackageJson>,
}

#[derive(Deserialize)]
pub(crate) struct ImagePackageJson {
    pub ecosystem: String,
    pub name: String,
    pub version: String,
    pub bytes: u64,
    pub pull_bytes: Option<u64>,
    /// The number of the layer that it is in, from 0.
    pub layer: usize,
}

/// What a layer stores, folder by folder, as far as its parts are large enough to be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LayerTreeJson {
    /// The layer's number, from 1.
    pub layer: usize,
    pub bytes: u64,
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "IcicleMark::is_used")]
    pub mark: IcicleMark,
    /// Folders before what is in them, the largest first.
    #[serde(default, deserialize_with = "lenient_list")]
    pub parts: Vec<LayerPartJson>,
}

/// A folder or a file of a layer, or what is too small to be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LayerPartJson {
    /// Levels below the layer, from 1.
    pub level: usize,
    pub name: String,
    pub bytes: u64,
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "IcicleMark::is_used")]
    pub mark: IcicleMark,
}

/// What is wrong with a part of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IcicleMark {
    #[default]
    Used,
    /// Deleted or overwritten by a later layer.
    Wasted,
    /// Stored at several places.
    Duplicate,
}

impl IcicleMark {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    const fn is_used(&self) -> bool {
        matches!(self, Self::Used)
    }
}

#[derive(Deserialize)]
pub(crate) struct ImageBaseJson {
    pub name: Option<String>,
    #[serde(default)]
    pub layers: usize,
    /// `guess` where nothing tells.
    #[serde(default)]
    pub how: String,
}

#[derive(Deserialize)]
pub(crate) struct ImageTotalsJson {
    pub disk_bytes: Option<u64>,
    pub pull_bytes: u64,
    pub pull_estimate: Option<EstimateJson>,
    /// An engine holds layers unpacked: how much a pull of them transfers is known from the estimate alone.
    #[serde(default)]
    pub pull_is_uncompressed: bool,
}

#[derive(Deserialize)]
pub(crate) struct ImageLayerJson {
    pub digest: Option<String>,
    pub diff_id: Option<String>,
    pub blob_bytes: Option<u64>,
    pub pull_bytes: Option<u64>,
    pub file_bytes: Option<u64>,
    pub in_base: bool,
    pub instruction: Option<String>,
    pub origin: Option<OriginJson>,
}

/// Bytes of a pull, estimated.
#[derive(Serialize, Deserialize)]
pub(crate) struct EstimateJson {
    pub bytes: u64,
    pub basis: OnlyWritten<&'static str>,
}

/// A place in a Dockerfile.
#[derive(Serialize, Deserialize)]
pub(crate) struct OriginJson {
    pub file: String,
    pub line: u32,
    pub end_line: OnlyWritten<u32>,
    pub stage: OnlyWritten<Option<String>>,
    /// `provenance`, `history`.
    pub how: OnlyWritten<&'static str>,
    /// `exact`, `text`, `kind`.
    pub confidence: OnlyWritten<&'static str>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ImageFindingJson {
    pub name: String,
    pub severity: String,
    pub message: String,
    pub help: String,
    /// The rule for Dockerfiles that finds the same.
    pub rule: Option<String>,
    pub url: OnlyWritten<Option<String>>,
    pub layer: OnlyWritten<Option<usize>>,
    pub lost_by: OnlyWritten<Option<usize>>,
    pub origin: Option<OriginJson>,
    pub path: Option<String>,
    pub files: OnlyWritten<u64>,
    /// Bytes that it costs; 0 of a finding that is about something else.
    #[serde(default)]
    pub bytes: u64,
    pub pull_bytes: Option<u64>,
    pub basis: OnlyWritten<&'static str>,
}

/// A limit that an image was held against.
#[derive(Serialize, Deserialize)]
pub(crate) struct LimitJson {
    pub measure: String,
    pub name: Option<String>,
    pub limit: Number,
    pub value: Option<Number>,
    pub unit: String,
    pub kept: Option<bool>,
    pub unknown: Option<String>,
    pub written: Option<String>,
    #[serde(default)]
    pub causes: Vec<CauseJson>,
}

/// What makes up most of a value.
#[derive(Serialize, Deserialize)]
pub(crate) struct CauseJson {
    pub what: String,
    pub bytes: OnlyWritten<Option<u64>>,
    pub layer: OnlyWritten<Option<usize>>,
    pub origin: OnlyWritten<Option<OriginJson>>,
}

/// What a report reads of the result of `image diff`.
#[derive(Deserialize)]
pub(crate) struct ImageDiffJson {
    pub before: ImageSideJson,
    pub after: ImageSideJson,
    #[serde(default)]
    pub layers: Vec<LayerPairJson>,
}

/// One of two images.
#[derive(Serialize, Deserialize)]
pub(crate) struct ImageSideJson {
    #[serde(rename = "ref")]
    pub reference: String,
    pub source: OnlyWritten<Option<String>>,
    pub platform: Option<String>,
    pub manifest_digest: OnlyWritten<Option<String>>,
    pub id: OnlyWritten<Option<String>>,
    pub disk_bytes: Option<u64>,
    pub pull_bytes: u64,
    pub pull_estimate: Option<EstimateJson>,
    #[serde(default)]
    pub pull_is_uncompressed: bool,
    pub waste_bytes: OnlyWritten<Option<u64>>,
    pub files: OnlyWritten<Option<u64>>,
    pub layers: OnlyWritten<usize>,
}

/// The same layer of two images, or one that only one of them has.
#[derive(Serialize, Deserialize)]
pub(crate) struct LayerPairJson {
    pub before: OnlyWritten<Option<usize>>,
    pub after: OnlyWritten<Option<usize>>,
    pub same: OnlyWritten<bool>,
    pub reuse: OnlyWritten<&'static str>,
    pub instruction: Option<String>,
    pub origin_before: Option<OriginJson>,
    pub origin_after: Option<OriginJson>,
    pub bytes_before: Option<u64>,
    pub bytes_after: Option<u64>,
    pub bytes: OnlyWritten<Option<i64>>,
}
