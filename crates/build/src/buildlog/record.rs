//! `.dockerbuild`: an OCI layout with the builder's messages, its spans and the image's provenance.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::foreign::NotABuildLog;
use super::logged_build::{BuildError, BuildLog, LogForm, LoggedBuild, MOST_BUILDS};
use super::trailer::builder_message;
use super::vertices::Vertices;
use super::{protobuf, spans};
use crate::image::Provenance;

const RECORD: &str = "application/vnd.buildkit.historyrecord.v0";
const STATUS: &str = "application/vnd.buildkit.status.v0";
const SPANS: &str = "application/vnd.buildkit.otlp.json.v0";
const STATEMENT: &str = "application/vnd.in-toto+json";

/// The files of the archive: their names and contents.
pub(super) type Files = HashMap<String, Vec<u8>>;

#[derive(Deserialize)]
struct Index {
    manifests: Vec<RecordPart>,
}

#[derive(Deserialize)]
struct RecordManifest {
    config: RecordPart,
    #[serde(default)]
    layers: Vec<RecordPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordPart {
    #[serde(default)]
    media_type: String,
    digest: String,
}

/// What the record itself says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    #[serde(rename = "Ref")]
    reference: String,
    frontend_attrs: HashMap<String, String>,
    created_at: Option<Time>,
    completed_at: Option<Time>,
    #[serde(alias = "error")]
    error: Option<Status>,
}

#[derive(Deserialize)]
struct Time {
    seconds: i64,
    #[serde(default)]
    nanos: i32,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, alias = "Message")]
    message: String,
}

impl Time {
    fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::new(self.seconds, self.nanos).ok()
    }
}

/// Reads the builds of an archive.
pub(super) fn read(files: &Files) -> Result<BuildLog, NotABuildLog> {
    let index = files.get("index.json").and_then(|bytes| serde_json::from_slice::<Index>(bytes).ok());
    let Some(index) = index else { return Err(NotABuildLog::other_archive()) };
    let mut log = BuildLog::default();
    for manifest in index.manifests.iter().take(MOST_BUILDS) {
        let manifest = blob(files, manifest).and_then(|bytes| serde_json::from_slice::<RecordManifest>(bytes).ok());
        if let Some(manifest) = manifest.filter(|manifest| manifest.config.media_type == RECORD) {
            let build = build(files, &manifest, &mut log.notices);
            log.builds.push(build);
        }
    }
    if log.builds.is_empty() { Err(NotABuildLog::other_archive()) } else { Ok(log) }
}

fn blob<'a>(files: &'a Files, descriptor: &RecordPart) -> Option<&'a [u8]> {
    let digest = descriptor.digest.strip_prefix("sha256:")?;
    files.get(&format!("blobs/sha256/{digest}")).map(Vec::as_slice)
}

fn build(files: &Files, manifest: &RecordManifest, notices: &mut Vec<String>) -> LoggedBuild {
    let config = blob(files, &manifest.config).and_then(|bytes| serde_json::from_slice::<Config>(bytes).ok());
    let config = config.unwrap_or_default();
    let layers = |kind: &'static str| {
        let layers = manifest.layers.iter().filter(move |layer| layer.media_type == kind);
        layers.filter_map(|layer| blob(files, layer))
    };
    let mut vertices = Vertices::default();
    let mut has_status = false;
    for bytes in layers(STATUS) {
        has_status = true;
        if !protobuf::read(bytes, &mut vertices) {
            notices.push("the record's messages are damaged; the steps after the damage are missing".to_owned());
        }
    }
    // A record holds the predicate without a statement around it.
    let read = |bytes| Provenance::read_predicate(bytes).ok().flatten().or_else(|| Provenance::read(bytes).ok()?);
    let mut source = None;
    for provenance in layers(STATEMENT).filter_map(read) {
        for (digest, lines) in &provenance.vertices {
            vertices.set_line(digest, lines.first);
        }
        source = source.or_else(|| provenance.texts.into_iter().next().map(|text| text.text));
    }
    let mut build = if has_status {
        vertices.build(LogForm::Record)
    } else {
        notices.push("the record holds no messages; steps that were cached are missing".to_owned());
        spans::build(layers(SPANS).flat_map(spans::of_record).collect())
    };
    build.form = LogForm::Record;
    build.name = Some(config.reference).filter(|name| !name.is_empty());
    build.dockerfile = config.frontend_attrs.get("filename").cloned().or(build.dockerfile);
    build.source = source;
    let times = (config.created_at.and_then(|at| at.timestamp()), config.completed_at.and_then(|at| at.timestamp()));
    if let (Some(from), Some(to)) = times {
        (build.started, build.ended) = (Some(from), Some(to));
        build.seconds = Some(super::logged_build::seconds_between(from, to));
    }
    if let Some(error) = config.error.filter(|error| !error.message.is_empty()) {
        build.error = Some(BuildError { message: builder_message(&error.message).to_owned(), place: None });
    }
    build
}
