//! The shapes of the JSON of images. A field is only ever added; what is unknown is `null`, never 0. A `layer` is an index
//! of `layers`; bytes are those of contents as stored, unless a name says otherwise.

mod line;

pub(super) use self::line::{File, Line};

use serde::Serialize;

use crate::attribution::{self, Confidence, PlaceCertainty};
use crate::finding::Basis;
use crate::report::wire::{Head, SkippedJson};

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The names are the format's.
pub(super) struct Images<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub images: Vec<Image<'a>>,
    /// Images and platforms that were not chosen.
    pub shared: Option<super::shared::SharedJson>,
    pub others: Vec<OtherImageJson<'a>>,
    pub attestations: Vec<Attestation<'a>>,
    pub skipped: Vec<SkippedJson<'a>>,
    pub problems: Vec<ImageProblemJson<'a>>,
    pub notices: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Image<'a> {
    #[serde(rename = "ref")]
    pub reference: &'a str,
    pub names: &'a [String],
    pub source: Option<&'a str>,
    pub platform: Option<String>,
    pub manifest_digest: Option<String>,
    pub id: Option<String>,
    pub annotations: Vec<Pair<'a>>,
    pub config: Config<'a>,
    pub base: BaseJson<'a>,
    pub totals: Totals,
    pub layers: Vec<LayerJson<'a>>,
    pub history: Vec<History<'a>>,
    pub waste: Vec<Loss>,
    pub waste_groups: Vec<LossGroup>,
    pub churn: Vec<Churn>,
    pub duplicates: Vec<Duplicate>,
    pub categories: Vec<Category<'a>>,
    pub packages: Option<PackagesJson<'a>>,
    pub secrets: Vec<Secret<'a>>,
    pub tree: Vec<FolderJson>,
    pub findings: Vec<ImageFindingJson<'a>>,
    pub budget: Vec<Limit<'a>>,
    pub notices: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Pair<'a> {
    pub name: &'a str,
    pub value: &'a str,
}

#[derive(Serialize)]
pub(super) struct Config<'a> {
    pub created: Option<&'a str>,
    pub user: Option<&'a str>,
    pub env: Vec<Pair<'a>>,
    pub entrypoint: Option<&'a [String]>,
    pub cmd: Option<&'a [String]>,
    pub working_directory: Option<&'a str>,
    pub exposed_ports: &'a [String],
    pub volumes: &'a [String],
    pub labels: Vec<Pair<'a>>,
    pub stop_signal: Option<&'a str>,
    pub shell: Option<&'a [String]>,
    pub healthcheck: Option<&'a [String]>,
    pub on_build: &'a [String],
}

#[derive(Serialize)]
pub(super) struct BaseJson<'a> {
    /// How many of the lowest layers are its.
    pub layers: usize,
    pub name: Option<&'a str>,
    /// How that is known.
    pub how: &'static str,
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The names are the format's.
pub(super) struct Totals {
    pub stored_file_bytes: Option<u64>,
    pub merged_bytes: Option<u64>,
    pub merged_files: Option<u64>,
    pub merged_entries: Option<u64>,
    pub waste: Option<Waste>,
    pub duplicate_content_bytes: Option<u64>,
    pub pull_bytes: u64,
    /// Whether a registry would most likely send fewer: a blob is not compressed here.
    pub pull_is_uncompressed: bool,
    pub pull_estimate: Option<PullEstimate>,
    pub disk_bytes: Option<u64>,
    pub apparent_bytes: Option<u64>,
    pub unread_layers: usize,
    pub efficiency: Option<f64>,
    pub above_base: Option<AboveBaseJson>,
    pub dive: Option<Dive>,
    pub pull_seconds: Vec<Pull>,
}

#[derive(Serialize)]
pub(super) struct Waste {
    pub deleted: u64,
    pub overwritten: u64,
    pub metadata_only: u64,
    pub same_layer_duplicate: u64,
}

#[derive(Serialize)]
pub(super) struct AboveBaseJson {
    pub stored_file_bytes: u64,
    pub waste: Waste,
    pub pull_bytes: u64,
    pub efficiency: f64,
}

#[derive(Serialize)]
pub(super) struct Dive {
    pub efficiency: f64,
    pub wasted_bytes: u64,
    pub user_wasted_ratio: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Pull {
    pub bits_per_second: u64,
    pub seconds: f64,
}

#[derive(Serialize)]
pub(super) struct LayerJson<'a> {
    /// As people count, from 1.
    pub number: usize,
    pub digest: Option<String>,
    pub diff_id: Option<String>,
    pub media_type: Option<&'a str>,
    pub compression: Option<&'static str>,
    pub blob_bytes: u64,
    pub tar_bytes: Option<u64>,
    pub file_bytes: Option<u64>,
    pub entries: Option<u64>,
    /// `read`, `not_asked`, `elsewhere`, `damaged`.
    pub contents: &'static str,
    /// Why it is damaged.
    pub damage: Option<&'a str>,
    pub urls: &'a [String],
    pub in_base: bool,
    /// Index of the entry of `history` that made it.
    pub history: Option<usize>,
    pub instruction: Option<&'a str>,
    pub origin: Option<OriginJson<'a>>,
    /// Why there is no origin.
    pub unplaced: Option<&'static str>,
    pub added: Option<Count>,
    pub changed: Option<Count>,
    pub removed: Option<Count>,
    /// Bytes that it stores and the final tree does not have.
    pub waste: Option<Waste>,
    /// Bytes that are lost because of it.
    pub waste_caused: Option<u64>,
    /// Bytes of a push when it, and what is above it, is made anew.
    pub push_bytes: u64,
}

#[derive(Serialize)]
pub(super) struct Count {
    pub entries: u64,
    pub files: u64,
    pub bytes: u64,
}

/// A place in a Dockerfile.
#[derive(Clone, Serialize)]
pub(super) struct OriginJson<'a> {
    pub file: &'a str,
    pub line: u32,
    pub end_line: u32,
    pub stage: Option<&'a str>,
    /// `provenance`, `history`.
    pub how: &'static str,
    /// `exact`, `text`, `kind`.
    pub confidence: &'static str,
}

#[derive(Serialize)]
pub(super) struct History<'a> {
    pub created: Option<&'a str>,
    pub created_by: Option<&'a str>,
    pub comment: Option<&'a str>,
    pub empty_layer: bool,
    pub instruction: Option<&'a str>,
    pub origin: Option<OriginJson<'a>>,
}

/// Bytes of a pull, estimated.
#[derive(Serialize)]
pub(super) struct PullEstimate {
    pub bytes: u64,
    pub basis: &'static str,
}

impl PullEstimate {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes, basis: Basis::Computed.name() }
    }
}

#[derive(Serialize)]
pub(super) struct Loss {
    pub path: String,
    pub kind: &'static str,
    pub bytes: u64,
    pub pull_bytes: Option<u64>,
    /// Who wrote it.
    pub layer: u32,
    /// Who lost it.
    pub lost_by: u32,
    /// Whose waste it is.
    pub waste_layer: u32,
}

#[derive(Serialize)]
pub(super) struct LossGroup {
    #[serde(flatten)]
    pub loss: Loss,
    pub files: u64,
}

/// A secret; never its value.
#[derive(Serialize)]
pub(super) struct Secret<'a> {
    pub kind: &'static str,
    pub what: &'static str,
    /// `file`, `env`, `label`, `history`.
    pub place: &'static str,
    pub path: Option<String>,
    pub line: Option<u32>,
    pub layer: Option<u32>,
    pub history: Option<usize>,
    pub name: Option<String>,
    pub prefix: &'static str,
    pub length: u32,
    /// `false`: only the layer has it still.
    pub in_final_tree: Option<bool>,
    pub lost_by: Option<u32>,
    pub sure: bool,
    pub origin: Option<OriginJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct Churn {
    pub path: String,
    pub layers: Vec<u32>,
    pub bytes: u64,
}

#[derive(Serialize)]
pub(super) struct Duplicate {
    pub size: u64,
    pub bytes: u64,
    pub same_layer_bytes: u64,
    pub cross_layer_bytes: u64,
    pub copies: Vec<Copy>,
    pub copy_count: usize,
}

#[derive(Serialize)]
pub(super) struct Copy {
    pub path: String,
    pub layer: u32,
}

#[derive(Serialize)]
pub(super) struct Category<'a> {
    pub name: &'a str,
    pub class: &'static str,
    pub fix: &'a str,
    pub rule: Option<&'static str>,
    pub files: u64,
    pub bytes: u64,
    pub pull_bytes: Option<u64>,
    pub layers: Vec<CategoryLayer>,
    pub places: Vec<ImagePlaceJson>,
}

#[derive(Serialize)]
pub(super) struct CategoryLayer {
    pub layer: u32,
    pub files: u64,
    pub bytes: u64,
}

#[derive(Serialize)]
pub(super) struct ImagePlaceJson {
    pub path: String,
    pub files: u64,
    pub bytes: u64,
}

#[derive(Serialize)]
pub(super) struct PackagesJson<'a> {
    pub count: usize,
    pub bytes: u64,
    pub unowned_bytes: u64,
    pub list: Vec<PackageRowJson<'a>>,
    pub unowned: Vec<UnownedFilesJson>,
    pub duplicates: Vec<PackageDuplicate>,
}

#[derive(Serialize)]
pub(super) struct PackageRowJson<'a> {
    /// Index in the list of all, which other fields name.
    pub id: usize,
    pub ecosystem: &'static str,
    pub name: &'a str,
    pub version: &'a str,
    pub architecture: Option<&'a str>,
    pub path: String,
    pub bytes: u64,
    pub pull_bytes: u64,
    pub files: u64,
    pub layer: u32,
    pub layers: Vec<CategoryLayer>,
    /// `asked`, `dependency`; `null` where nothing tells.
    pub why: Option<&'static str>,
    pub orphan: bool,
    pub development: Option<bool>,
    pub essential: bool,
    pub needs: &'a [u32],
    pub needed_by: &'a [u32],
    pub exclusive_bytes: Option<u64>,
    pub closure_bytes: Option<u64>,
    pub part_of: Option<u32>,
    pub parts: usize,
}

#[derive(Serialize)]
pub(super) struct PackageDuplicate {
    pub packages: Vec<u32>,
    pub bytes: u64,
}

#[derive(Serialize)]
pub(super) struct UnownedFilesJson {
    pub path: String,
    pub layer: u32,
    pub files: u64,
    pub bytes: u64,
}

#[derive(Serialize)]
pub(super) struct FolderJson {
    pub path: String,
    pub depth: u32,
    pub bytes: u64,
    pub directory: bool,
}

#[derive(Serialize)]
pub(super) struct ImageFindingJson<'a> {
    pub name: &'a str,
    pub severity: &'static str,
    pub message: &'a str,
    pub help: &'a str,
    pub rule: Option<&'a str>,
    pub url: Option<String>,
    pub layer: Option<usize>,
    pub lost_by: Option<usize>,
    pub origin: Option<OriginJson<'a>>,
    pub path: Option<String>,
    pub files: u64,
    pub bytes: u64,
    pub pull_bytes: Option<u64>,
    pub basis: &'static str,
}

#[derive(Serialize)]
pub(super) struct OtherImageJson<'a> {
    #[serde(rename = "ref")]
    pub reference: &'a str,
    pub platform: Option<String>,
    pub manifest_digest: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Attestation<'a> {
    pub manifest_digest: Option<String>,
    pub subject: Option<String>,
    pub predicates: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct ImageProblemJson<'a> {
    pub source: Option<&'a str>,
    pub place: Option<&'a str>,
    pub offset: Option<u64>,
    pub message: &'a str,
    pub help: Option<&'a str>,
}

/// Where a layer was made.
pub(super) fn origin<'a>(name: &'a str, place: &'a attribution::SourcePlace) -> OriginJson<'a> {
    OriginJson {
        file: name,
        line: place.first_line,
        end_line: place.last_line,
        stage: place.stage.as_deref(),
        how: match place.how {
            PlaceCertainty::Provenance => "provenance",
            PlaceCertainty::History => "history",
        },
        confidence: match place.confidence {
            Confidence::Exact => "exact",
            Confidence::Text => "text",
            Confidence::Kind => "kind",
        },
    }
}

/// A limit, and what it was held against.
#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The names are the format's.
pub(super) struct Limit<'a> {
    /// The key of dockopt.toml, or the rule of dive.
    pub measure: &'static str,
    /// The category, the package, the glob.
    pub name: Option<String>,
    pub limit: Number,
    pub value: Option<Number>,
    /// `bytes`, `count`, `ratio`.
    pub unit: &'static str,
    /// `null` where it can't be judged.
    pub kept: Option<bool>,
    /// Why it can't.
    pub unknown: Option<&'static str>,
    /// `file:line`; `null` for the command line.
    pub written: Option<String>,
    pub causes: Vec<Cause<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Number {
    Whole(u64),
    Share(f64),
}

#[derive(Serialize)]
pub(super) struct Cause<'a> {
    pub what: String,
    pub bytes: Option<u64>,
    pub layer: Option<usize>,
    pub origin: Option<OriginJson<'a>>,
}
