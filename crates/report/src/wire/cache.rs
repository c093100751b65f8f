//! Results of `cache predict`, `cache explain` and `cache history`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MessageJson, OnlyWritten, lenient, lenient_list};

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
    #[serde(default, deserialize_with = "lenient")]
    pub critical_path: CriticalPathJson,
}

/// The steps that the whole waits for, by index.
#[derive(Default, Deserialize)]
pub(crate) struct CriticalPathJson {
    pub steps: Vec<usize>,
}

#[derive(Deserialize)]
pub(crate) struct LoggedStepJson {
    pub name: String,
    pub seconds: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    pub started: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub begins_after: Option<f64>,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub first_miss: Option<usize>,
    pub reason: Option<String>,
}

/// What a report reads of the result of `cache history`.
#[derive(Deserialize)]
pub(crate) struct HistoryJson {
    pub dockerfile: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub commits: Vec<HistoryCommitJson>,
    #[serde(default)]
    pub tables: Vec<HistoryTableJson>,
}

/// A commit, the newest first.
#[derive(Serialize, Deserialize)]
pub(crate) struct HistoryCommitJson {
    pub id: String,
    pub date: OnlyWritten<Option<String>>,
    pub summary: OnlyWritten<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HistoryTableJson {
    pub name: OnlyWritten<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub steps: Vec<HistoryStepJson>,
    /// One for each commit.
    #[serde(default, deserialize_with = "lenient_list")]
    pub rows: Vec<HistoryRowJson>,
    pub expected_seconds: Option<ExpectedSecondsJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HistoryStepJson {
    pub name: String,
    pub line: u32,
    pub kind: OnlyWritten<&'static str>,
    pub builds: usize,
    pub reruns: usize,
    pub may_rerun: OnlyWritten<usize>,
    pub causes: OnlyWritten<BTreeMap<&'static str, usize>>,
    pub files: OnlyWritten<Vec<HistoryFileJson>>,
    pub seconds: OnlyWritten<Option<f64>>,
    pub at_most: OnlyWritten<bool>,
    pub same_as: OnlyWritten<Option<usize>>,
    pub part_of: OnlyWritten<Option<usize>>,
}

/// A file because of which a step reran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HistoryFileJson {
    pub path: String,
    pub builds: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HistoryRowJson {
    pub state: OnlyWritten<&'static str>,
    pub why: OnlyWritten<Option<String>>,
    /// A letter for each step: `.` cached, `#` reruns, `?` not known.
    pub steps: Option<String>,
}

/// How long a commit's build takes, on average.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExpectedSecondsJson {
    pub least: f64,
    pub most: OnlyWritten<f64>,
}
