//! What JSON results are made of; `schemas/` describes their shapes. A field is only ever added; what is unknown is
//! `null`, never 0. What a report reads again is a type here, so that writing and reading name a field once. Reading is
//! tolerant: unknown fields are ignored, and those that are only written may be missing.

mod cache;
mod compose;
mod finding;
mod image;
mod rewrite;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub(crate) use self::cache::{
    ExpectedSecondsJson, ExplanationJson, HistoryCommitJson, HistoryFileJson, HistoryJson, HistoryRowJson,
    HistoryStepJson, HistoryTableJson, LoggedBuildJson, PredictedFileJson, PredictedStepJson, PredictionJson,
    PredictionsJson,
};
pub(crate) use self::compose::{
    EnvironmentValueJson, EnvironmentsJson, GraphJson, GraphsJson, InactiveServiceJson, ReplacementJson,
    ReplacementsJson, ServiceWaitJson, StartProofJson, StartedServiceJson, VariableFindingJson, VariablePlaceJson,
    VariableRowJson, VariablesJson,
};
pub(crate) use self::finding::{
    AuditJson, CommitShare, EditJson, ExcerptJson, FindingJson, FindingsJson, FixJson, ImpactJson, LabelJson,
    LaterStep, LinesJson, PlaceJson, ProblemJson, SkippedJson, SpanJson, SuppressedJson,
};
pub(crate) use self::image::{
    CauseJson, EstimateJson, IcicleMark, ImageDiffJson, ImageFindingJson, ImageJson, ImageLayerJson, ImagePackageJson,
    ImageSideJson, ImagesJson, LayerPairJson, LayerPartJson, LayerTreeJson, LimitJson, OriginJson,
};
pub(crate) use self::rewrite::{OptimizeJson, ProofJson, ProvedJson};

/// An object of JSON with its fields in this order: `object! { line: 3, text: "RUN" }`. Attributes of serde may stand
/// before a field. It is for what is only written.
macro_rules! object {
    ($($(#[$attribute:meta])* $name:ident $(: $value:expr)?),* $(,)?) => {{
        #[allow(non_camel_case_types, non_snake_case, clippy::struct_field_names)] // The names are the format's.
        let object = {
            #[derive(serde::Serialize)]
            struct Object<$($name),*> { $($(#[$attribute])* $name: $name),* }
            Object { $($name $(: $value)?),* }
        };
        object
    }};
}
pub(crate) use object;

/// A list of JSON.
pub(crate) fn list<T, W>(items: impl IntoIterator<Item = T>, write: impl FnMut(T) -> W) -> Vec<W> {
    items.into_iter().map(write).collect()
}

/// A field that a report does not read: it may be missing, and of any type.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct OnlyWritten<T>(pub T);

impl<'de, T: Default> Deserialize<'de> for OnlyWritten<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(Self(T::default()))
    }
}

/// A field that only pictures and excerpts are made of: of a wrong type it is as good as missing.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// As [`lenient`], item by item.
pub(crate) fn lenient_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let Value::Array(items) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// Head of every result.
#[derive(Serialize)]
pub(crate) struct Head<'a> {
    pub schema: &'static str,
    pub dockopt: &'static str,
    pub root: &'a str,
}

impl<'a> Head<'a> {
    pub(crate) const fn new(schema: &'static str, root: &'a str) -> Self {
        Self { schema, dockopt: env!("CARGO_PKG_VERSION"), root }
    }
}

/// What went wrong: of a problem, a failure or an error that is all that a report reads.
#[derive(Deserialize)]
pub(crate) struct MessageJson {
    pub message: String,
}
