//! What JSON results are made of; `schemas/` describes their shapes. A field is only ever added; what is unknown is
//! `null`, never 0. What a report reads again is a type here, so that writing and reading name a field once. Reading is
//! tolerant: unknown fields are ignored, and those that are only written may be missing.

mod cache;
mod finding;
mod image;
mod rewrite;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use self::cache::{
    ExpectedSecondsJson, ExplanationJson, GraphJson, GraphsJson, HistoryJson, LoggedBuildJson, PredictedFileJson,
    PredictedStepJson, PredictionJson, PredictionsJson,
};
pub(crate) use self::finding::{
    AuditJson, CommitShare, EditJson, FindingJson, FindingsJson, FixJson, ImpactJson, LabelJson, LaterStep, LinesJson,
    PlaceJson, ProblemJson, SkippedJson, SpanJson, SuppressedJson,
};
pub(crate) use self::image::{
    CauseJson, EstimateJson, ImageDiffJson, ImageFindingJson, ImageJson, ImageLayerJson, ImageSideJson, ImagesJson,
    LayerPairJson, LimitJson, OriginJson,
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
#[derive(Default, Serialize)]
pub(crate) struct OnlyWritten<T>(pub T);

impl<'de, T: Default> Deserialize<'de> for OnlyWritten<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(Self(T::default()))
    }
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
