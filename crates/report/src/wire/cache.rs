//! Results of `cache predict`, `cache explain`, `cache history` and `compose graph`.

use serde::{Deserialize, Serialize};

use super::{MessageJson, OnlyWritten};

/// What a report reads of the result of `cache predict`.
#[derive(Deserialize)]
pub(crate) struct PredictionsJson {
    pub builds: Vec<PredictionJson>,
}

/// What is predicted of a build.
#[derive(Serialize, Deserialize)]
pub(crate) struct PredictionJson {
    pub dockerfile: String,
    pub services: OnlyWritten<Vec<String>>,
    pub target: OnlyWritten<Option<String>>,
    pub compared: OnlyWritten<String>,
    #[serde(default)]
    pub steps: Vec<PredictedStepJson>,
    pub cached: u32,
    pub reruns: u32,
    pub may_rerun: u32,
    pub rerun_seconds: Option<f64>,
    pub rerun_at_most: OnlyWritten<bool>,
    pub partial: OnlyWritten<bool>,
    pub notes: OnlyWritten<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PredictedStepJson {
    pub line: u32,
    pub step: String,
    pub verdict: String,
    #[serde(default)]
    pub reasons: Vec<String>,
    pub files: OnlyWritten<Vec<PredictedFileJson>>,
    pub changed_files: OnlyWritten<usize>,
    pub seconds: OnlyWritten<Option<f64>>,
    pub at_most: OnlyWritten<bool>,
}

/// A file that changes.
#[derive(Serialize)]
pub(crate) struct PredictedFileJson {
    pub path: String,
    pub change: &'static str,
}

/// What a report reads of the result of `cache explain`.
#[derive(Deserialize)]
pub(crate) struct ExplanationJson {
    pub builds: Vec<LoggedBuildJson>,
}

/// What a report reads of a logged build.
#[derive(Deserialize)]
pub(crate) struct LoggedBuildJson {
    pub dockerfile: Option<String>,
    pub seconds: Option<f64>,
    #[serde(default)]
    pub is_check: bool,
    pub cacheable_steps: u32,
    pub cached_steps: u32,
    pub error: Option<MessageJson>,
    #[serde(default)]
    pub steps: Vec<LoggedStepJson>,
}

#[derive(Deserialize)]
pub(crate) struct LoggedStepJson {
    pub name: String,
    pub seconds: Option<f64>,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub first_miss: Option<usize>,
    pub reason: Option<String>,
}

/// What a report reads of the result of `cache history`.
#[derive(Deserialize)]
pub(crate) struct HistoryJson {
    pub dockerfile: String,
    #[serde(default)]
    pub tables: Vec<HistoryTableJson>,
}

#[derive(Deserialize)]
pub(crate) struct HistoryTableJson {
    pub expected_seconds: Option<ExpectedSecondsJson>,
}

/// How long a commit's build takes, on average.
#[derive(Serialize, Deserialize)]
pub(crate) struct ExpectedSecondsJson {
    pub least: f64,
    pub most: OnlyWritten<f64>,
}

/// What a report reads of the result of `compose graph`.
#[derive(Deserialize)]
pub(crate) struct GraphsJson {
    pub files: Vec<GraphJson>,
}

#[derive(Deserialize)]
pub(crate) struct GraphJson {
    pub file: String,
    pub seconds: Option<f64>,
}
