//! The JSON of a statement: both predicates, as far as they tell lines.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::{Chain, ChainKey, NoProvenance, Provenance, RecordedLayer, RecordedLines, RecordedText, StepProducts};
use crate::image::base64;

/// Dockerfiles of one build; the builder records one for each file that it reads.
const TEXTS: usize = 64;

/// Bytes of all of them.
const TEXT_BYTES: usize = 4 << 20;

#[derive(Deserialize)]
struct Statement {
    #[serde(default)]
    subject: Option<Vec<NamedSource>>,
    #[serde(rename = "predicateType", default)]
    kind: String,
    #[serde(default)]
    predicate: Option<Predicate>,
}

#[derive(Deserialize)]
struct NamedSource {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    digest: Option<BTreeMap<String, String>>,
}

/// SLSA 0.2 and 1 have no member in common.
#[derive(Deserialize)]
struct Predicate {
    materials: Option<Vec<NamedSource>>,
    invocation: Option<Invocation>,
    #[serde(rename = "buildConfig")]
    build_config: Option<BuildConfig>,
    metadata: Option<Metadata>,
    #[serde(rename = "buildDefinition")]
    build_definition: Option<BuildDefinition>,
    #[serde(rename = "runDetails")]
    run_details: Option<RunDetails>,
}

#[derive(Deserialize)]
struct Invocation {
    parameters: Option<BuildRequest>,
}

#[derive(Deserialize)]
struct BuildRequest {
    args: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "https://mobyproject.org/buildkit@v1#metadata")]
    buildkit: Option<BuildKit>,
}

#[derive(Deserialize)]
struct BuildDefinition {
    #[serde(rename = "resolvedDependencies")]
    resolved: Option<Vec<NamedSource>>,
    #[serde(rename = "externalParameters")]
    external: Option<External>,
    #[serde(rename = "internalParameters")]
    internal: Option<Internal>,
}

#[derive(Deserialize)]
struct External {
    request: Option<BuildRequest>,
}

#[derive(Deserialize)]
struct Internal {
    #[serde(rename = "buildConfig")]
    build_config: Option<BuildConfig>,
}

#[derive(Deserialize)]
struct RunDetails {
    metadata: Option<RunMetadata>,
}

#[derive(Deserialize)]
struct RunMetadata {
    buildkit_metadata: Option<BuildKit>,
}

#[derive(Default, Deserialize)]
struct BuildConfig {
    #[serde(rename = "llbDefinition")]
    steps: Option<Vec<ProvenanceStep>>,
    /// The step of each digest.
    #[serde(rename = "digestMapping")]
    digests: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct ProvenanceStep {
    #[serde(default)]
    id: String,
    op: Option<OperationWrapper>,
}

#[derive(Deserialize)]
struct OperationWrapper {
    #[serde(rename = "Op")]
    inner: Option<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    source: Option<FetchedSource>,
}

#[derive(Deserialize)]
struct FetchedSource {
    #[serde(default)]
    identifier: String,
}

#[derive(Deserialize)]
struct BuildKit {
    source: Option<Sources>,
    layers: Option<BTreeMap<String, Option<Vec<Chain>>>>,
}

#[derive(Deserialize)]
struct Sources {
    locations: Option<BTreeMap<String, Locations>>,
    infos: Option<Vec<Info>>,
}

#[derive(Default, Deserialize)]
struct Locations {
    locations: Option<Vec<Location>>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(rename = "sourceIndex", default)]
    text: usize,
    ranges: Option<Vec<Range>>,
}

#[derive(Deserialize)]
struct Range {
    start: Option<Position>,
    end: Option<Position>,
}

#[derive(Deserialize)]
struct Position {
    #[serde(default)]
    line: u32,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    filename: String,
    #[serde(default)]
    data: Option<String>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(default)]
    digest: String,
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Folding)
    }
}

/// Each step lists all blobs below its own, so a list is never kept.
struct Folding;

impl<'de> Visitor<'de> for Folding {
    type Value = Chain;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of descriptors")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut descriptors: A) -> Result<Chain, A::Error> {
        let mut key = ChainKey::default();
        let mut last = None;
        while let Some(Descriptor { digest }) = descriptors.next_element()? {
            key = key.with(&digest);
            last = digest.parse().ok();
        }
        Ok(Chain { key, last })
    }
}

impl Provenance {
    /// Reads an in-toto statement. `Ok(None)` when it is of another kind (an SBOM), or of a build that recorded no lines
    /// (`mode=min`).
    ///
    /// # Errors
    /// When it is no JSON, or not what its type says.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, NoProvenance> {
        #[derive(Deserialize)]
        struct PredicateType {
            #[serde(rename = "predicateType", default)]
            kind: String,
        }
        let wrong =
            |error: serde_json::Error| NoProvenance(format!("the attestation is not an in-toto statement: {error}"));
        let is_provenance = |kind: &str| kind.starts_with("https://slsa.dev/provenance/");
        if !is_provenance(&serde_json::from_slice::<PredicateType>(bytes).map_err(wrong)?.kind) {
            return Ok(None);
        }
        let statement: Statement = serde_json::from_slice(bytes).map_err(wrong)?;
        if !is_provenance(&statement.kind) {
            return Ok(None);
        }
        let Some(predicate) = statement.predicate else { return Ok(None) };
        let subjects = statement.subject.iter().flatten().filter_map(digest).collect();
        Ok(Self::of_predicate(predicate, subjects))
    }

    /// Reads a predicate without its statement, as build records hold it. `Ok(None)` as for [`Self::read`].
    ///
    /// # Errors
    /// When it is no JSON, or not what a predicate is.
    pub fn read_predicate(bytes: &[u8]) -> Result<Option<Self>, NoProvenance> {
        let predicate = serde_json::from_slice(bytes);
        let predicate = predicate.map_err(|error| NoProvenance(format!("the provenance cannot be read: {error}")))?;
        Ok(Self::of_predicate(predicate, Vec::new()))
    }

    fn of_predicate(predicate: Predicate, subjects: Vec<crate::image::digest::Digest>) -> Option<Self> {
        let mut provenance = Self { subjects, ..Default::default() };
        let (buildkit, config) = take_predicate(predicate, &mut provenance);
        let Some(BuildKit { source: Some(source), layers: Some(layers) }) = buildkit else { return None };
        take_texts(source.infos.unwrap_or_default(), &mut provenance);
        let locations = source.locations.unwrap_or_default();
        let mut config = config.unwrap_or_default();
        for (digest, step) in config.digests.take().unwrap_or_default() {
            if let Some(lines) = locations.get(&step).and_then(lines) {
                provenance.vertices.insert(digest, lines);
            }
        }
        let fetching = fetching(config);
        for (output, chains) in &layers {
            let step = output.split(':').next().unwrap_or_default();
            let Some(number) = step.strip_prefix("step").and_then(|number| number.parse().ok()) else { continue };
            let lines = locations.get(step).and_then(lines).filter(|lines| lines.text < provenance.texts.len());
            let layer = RecordedLayer { lines, fetched: fetching.binary_search(&step.to_owned()).is_ok() };
            if layer.lines.is_none() && !layer.fetched {
                continue;
            }
            for chain in chains.iter().flatten() {
                provenance.add(chain, StepProducts { step: number, layer });
            }
        }
        Some(provenance)
    }
}

/// What both predicates tell under different names.
fn take_predicate(predicate: Predicate, provenance: &mut Provenance) -> (Option<BuildKit>, Option<BuildConfig>) {
    let (request, materials, config);
    if let Some(definition) = predicate.build_definition {
        request = definition.external.and_then(|external| external.request);
        materials = definition.resolved;
        config = definition.internal.and_then(|internal| internal.build_config);
    } else {
        request = predicate.invocation.and_then(|invocation| invocation.parameters);
        materials = predicate.materials;
        config = predicate.build_config;
    }
    provenance.materials =
        materials.unwrap_or_default().into_iter().map(|named| (named.uri.clone(), digest(&named))).collect();
    for (name, value) in request.and_then(|request| request.args).unwrap_or_default() {
        if name == "target" {
            provenance.target = Some(value);
        } else if let Some(name) = name.strip_prefix("build-arg:") {
            provenance.build_args.push((name.to_owned(), value));
        }
    }
    let new =
        predicate.run_details.and_then(|details| details.metadata).and_then(|metadata| metadata.buildkit_metadata);
    (new.or(predicate.metadata.and_then(|metadata| metadata.buildkit)), config)
}

fn digest(named: &NamedSource) -> Option<crate::image::digest::Digest> {
    let mut digests = named.digest.iter().flatten();
    digests.find_map(|(algorithm, hex)| format!("{algorithm}:{hex}").parse().ok())
}

fn take_texts(infos: Vec<Info>, provenance: &mut Provenance) {
    let mut remaining = TEXT_BYTES;
    for info in infos.into_iter().take(TEXTS) {
        // A text that is left out keeps its number, so that the others keep theirs.
        let data = info.data.filter(|data| data.len() / 4 * 3 <= remaining).unwrap_or_default();
        let bytes = base64::decode(data.as_bytes()).unwrap_or_default();
        remaining -= bytes.len().min(remaining);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        provenance.texts.push(RecordedText { name: info.filename, text });
    }
}

/// The steps that fetch images, sorted.
fn fetching(config: BuildConfig) -> Vec<String> {
    let is_image = |step: &ProvenanceStep| {
        let source = step.op.as_ref().and_then(|op| op.inner.as_ref()).and_then(|op| op.source.as_ref());
        source.is_some_and(|source| {
            source.identifier.starts_with("docker-image://") || source.identifier.starts_with("oci-layout://")
        })
    };
    let mut steps: Vec<String> =
        config.steps.unwrap_or_default().into_iter().filter(is_image).map(|step| step.id).collect();
    steps.sort_unstable();
    steps
}

/// From the first line of a step's first place to its last one; the builder lists line by line.
fn lines(locations: &Locations) -> Option<RecordedLines> {
    let location = locations.locations.as_ref()?.first()?;
    let ranges = location.ranges.as_ref()?;
    let starts = ranges.iter().filter_map(|range| range.start.as_ref()).map(|position| position.line);
    let ends = ranges.iter().filter_map(|range| range.end.as_ref()).map(|position| position.line);
    let first = starts.filter(|&line| line > 0).min()?;
    Some(RecordedLines { text: location.text, first, last: ends.max().unwrap_or(first).max(first) })
}
