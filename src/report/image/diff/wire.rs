//! The shape of the JSON of differences. A field is only ever added; what is unknown is `null`, never 0.

use serde::Serialize;

use crate::report::image::wire::{OriginJson, PullEstimate};
use crate::report::wire::Head;

#[derive(Serialize)]
pub(super) struct Diff<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub before: ImageSideJson<'a>,
    pub after: ImageSideJson<'a>,
    pub delta: Delta,
    /// Bytes that whoever has the first image pulls for the second one.
    pub new_pull_bytes: u64,
    /// The same, with unpacked layers as gzip; `null` where no layer of the second image is stored unpacked.
    pub new_pull_estimate: Option<PullEstimate>,
    pub shared_layers: usize,
    /// `null` where the images have no step in common above their bases.
    pub build_cache: Option<CacheUseJson>,
    pub summary: Summary,
    /// Disjoint; their sum is `delta.disk_bytes`.
    pub parts: Vec<DiffPartJson<'a>>,
    pub layers: Vec<LayerDiffJson<'a>>,
    pub packages: Vec<PackageDiffJson<'a>>,
    pub categories: Vec<Category<'a>>,
    pub folders: Vec<FolderDiffJson>,
    pub files: Vec<FileDiffJson>,
    pub metadata: Vec<FileDiffJson>,
    pub counts: Counts,
    pub config: Vec<Setting<'a>>,
    pub notices: &'a [String],
}

#[derive(Serialize)]
pub(super) struct ImageSideJson<'a> {
    #[serde(rename = "ref")]
    pub reference: &'a str,
    pub source: Option<&'a str>,
    pub platform: Option<String>,
    pub manifest_digest: Option<String>,
    pub id: Option<String>,
    pub disk_bytes: Option<u64>,
    pub pull_bytes: u64,
    /// Bytes of a pull, with unpacked layers as gzip; `null` where none is stored unpacked.
    pub pull_estimate: Option<PullEstimate>,
    pub pull_is_uncompressed: bool,
    pub waste_bytes: Option<u64>,
    pub files: Option<u64>,
    pub layers: usize,
}

#[derive(Serialize)]
pub(super) struct Delta {
    pub disk_bytes: Option<i64>,
    pub pull_bytes: i64,
    pub waste_bytes: Option<i64>,
    pub files: Option<i64>,
    pub layers: i64,
}

#[derive(Serialize)]
pub(super) struct Summary {
    pub text: String,
    pub parts: Vec<NamedJson>,
}

#[derive(Serialize)]
pub(super) struct NamedJson {
    pub name: String,
    pub bytes: i64,
}

#[derive(Serialize)]
pub(super) struct DiffPartJson<'a> {
    pub kind: &'static str,
    pub name: &'a str,
    pub ecosystem: Option<&'static str>,
    pub bytes: i64,
}

#[derive(Serialize)]
pub(super) struct LayerDiffJson<'a> {
    /// Index of the first image's layers.
    pub before: Option<usize>,
    /// Index of the second image's layers.
    pub after: Option<usize>,
    pub same: bool,
    pub reuse: &'static str,
    pub instruction: Option<&'a str>,
    pub origin_before: Option<OriginJson<'a>>,
    pub origin_after: Option<OriginJson<'a>>,
    pub bytes_before: Option<u64>,
    pub bytes_after: Option<u64>,
    pub bytes: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct CacheUseJson {
    pub reused: usize,
    pub rebuilt_equal: usize,
    pub rebuilt_changed: usize,
    pub added: usize,
    /// Index in `layers`.
    pub first_miss: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct PackageDiffJson<'a> {
    pub ecosystem: &'static str,
    pub name: &'a str,
    pub change: &'static str,
    pub before: &'a [String],
    pub after: &'a [String],
    pub bytes: i64,
}

#[derive(Serialize)]
pub(super) struct Category<'a> {
    pub name: &'a str,
    pub bytes_before: u64,
    pub bytes_after: u64,
    pub bytes: i64,
}

#[derive(Serialize)]
pub(super) struct FolderDiffJson {
    pub path: String,
    pub depth: u32,
    pub bytes: i64,
}

#[derive(Serialize)]
pub(super) struct FileDiffJson {
    pub path: String,
    pub change: &'static str,
    pub bytes_before: u64,
    pub bytes_after: u64,
    pub bytes: i64,
}

#[derive(Serialize)]
pub(super) struct Counts {
    pub packages: usize,
    pub folders: usize,
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
    pub metadata_only: usize,
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The names are the format's.
pub(super) struct Setting<'a> {
    pub setting: &'static str,
    pub name: Option<&'a str>,
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
}
