//! Results of `lint`, `audit` and `compose check`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{OnlyWritten, lenient, lenient_list};

/// What was looked at, and what was found.
#[derive(Serialize, Deserialize)]
pub(crate) struct FindingsJson {
    /// Results of earlier versions do not have it.
    pub files: Option<Vec<String>>,
    pub findings: Vec<FindingJson>,
    pub suppressed: OnlyWritten<Vec<SuppressedJson>>,
    #[serde(default)]
    pub skipped: Vec<SkippedJson>,
    #[serde(default)]
    pub rules_off: Vec<String>,
    #[serde(default)]
    pub problems: Vec<ProblemJson>,
    pub notices: OnlyWritten<Vec<String>>,
    /// Findings that a baseline file hides.
    pub baselined: Option<u64>,
    pub baseline_fixed: OnlyWritten<Option<u64>>,
    /// Results of earlier versions do not have it.
    #[serde(default, deserialize_with = "lenient_list")]
    pub excerpts: Vec<ExcerptJson>,
}

/// Lines of a file that findings are about; secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExcerptJson {
    pub file: String,
    pub first_line: u32,
    pub lines: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct FindingJson {
    pub rule: String,
    pub aliases: OnlyWritten<Vec<&'static str>>,
    pub category: OnlyWritten<Option<&'static str>>,
    pub kind: OnlyWritten<Option<&'static str>>,
    pub severity: String,
    pub file: String,
    pub span: SpanJson,
    pub instruction_line: Option<u32>,
    pub stage: OnlyWritten<Option<String>>,
    pub message: String,
    pub help: Option<String>,
    pub notes: OnlyWritten<Vec<String>>,
    pub url: OnlyWritten<Option<String>>,
    pub labels: OnlyWritten<Vec<LabelJson>>,
    #[serde(default)]
    pub impact: Vec<ImpactJson>,
    #[serde(default)]
    pub fixes: Vec<FixJson>,
    pub fingerprint: String,
}

#[derive(Serialize)]
pub(crate) struct SuppressedJson {
    pub rule: &'static str,
    pub aliases: Vec<&'static str>,
    pub file: String,
    pub line: Option<u32>,
    pub message: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SpanJson {
    pub start: PlaceJson,
    #[serde(default, deserialize_with = "lenient")]
    pub end: PlaceJson,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct PlaceJson {
    pub line: u32,
    pub column: u32,
    pub byte: OnlyWritten<u32>,
}

#[derive(Serialize)]
pub(crate) struct LabelJson {
    pub span: SpanJson,
    pub text: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ImpactJson {
    pub kind: String,
    /// Bytes are integers, seconds numbers.
    pub saves: Option<Number>,
    pub per: String,
    pub basis: String,
    /// Whether it is a lower bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
    pub evidence: OnlyWritten<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct FixJson {
    pub title: String,
    pub safety: String,
    pub why_unsafe: OnlyWritten<Option<String>>,
    pub edits: OnlyWritten<Vec<EditJson>>,
    pub lines: Option<LinesJson>,
}

#[derive(Serialize)]
pub(crate) struct EditJson {
    pub file: String,
    pub create: bool,
    pub start: u32,
    pub end: u32,
    pub text: String,
}

/// The lines that a fix changes.
#[derive(Serialize, Deserialize)]
pub(crate) struct LinesJson {
    pub first: u32,
    pub before: String,
    pub after: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SkippedJson {
    pub what: String,
    pub why: OnlyWritten<String>,
    pub remedy: OnlyWritten<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ProblemJson {
    pub file: String,
    pub line: Option<u32>,
    pub column: OnlyWritten<Option<u32>>,
    pub error: bool,
    pub message: String,
    pub help: OnlyWritten<Option<String>>,
}

/// What a report reads of an audit besides its findings.
#[derive(Deserialize)]
pub(crate) struct AuditJson {
    #[serde(default)]
    pub root: String,
    #[serde(default)]
    pub builds: Vec<AuditBuildJson>,
}

#[derive(Deserialize)]
pub(crate) struct AuditBuildJson {
    pub dockerfile: String,
    #[serde(default)]
    pub stages: Vec<StageJson>,
}

#[derive(Deserialize)]
pub(crate) struct StageJson {
    pub base: String,
    pub line: u32,
}

/// In how many of the last commits the first step ran, and a later one that ran more often.
#[derive(Serialize)]
pub(crate) struct CommitShare {
    pub reruns: u32,
    pub of: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<LaterStep>,
}

#[derive(Serialize)]
pub(crate) struct LaterStep {
    pub line: u32,
    pub reruns: u32,
}
