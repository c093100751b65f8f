//! The shapes of the JSON results. A field is only ever added; what is unknown is `null`, never 0.

use serde::Serialize;

/// Head of every result.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    pub schema: &'static str,
    pub dockopt: &'static str,
    pub root: &'a str,
}

impl<'a> Head<'a> {
    pub(super) fn new(schema: &'static str, root: &'a str) -> Self {
        Self { schema, dockopt: env!("CARGO_PKG_VERSION"), root }
    }
}

#[derive(Serialize)]
pub(super) struct Lint<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    #[serde(flatten)]
    pub results: Results<'a>,
}

#[derive(Serialize)]
pub(super) struct Audit<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub builds: Vec<Build<'a>>,
    #[serde(flatten)]
    pub results: Results<'a>,
}

/// What the rules say.
#[derive(Serialize)]
pub(super) struct Results<'a> {
    /// The files that were looked at.
    pub files: Vec<&'a str>,
    pub findings: Vec<FindingJson<'a>>,
    /// What comments and settings hide.
    pub suppressed: Vec<SuppressedJson<'a>>,
    pub skipped: Vec<SkippedJson<'a>>,
    /// Rules that are off for all files.
    pub rules_off: &'a [&'static str],
    pub problems: Vec<ProblemJson<'a>>,
    pub notices: Vec<&'a str>,
    pub baselined: Option<u64>,
    pub baseline_fixed: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct FindingJson<'a> {
    pub rule: &'a str,
    pub aliases: Vec<&'a str>,
    pub category: Option<&'static str>,
    pub severity: &'static str,
    pub file: &'a str,
    pub span: Span,
    pub instruction_line: Option<u32>,
    pub stage: Option<&'a str>,
    pub message: &'a str,
    pub help: Option<&'a str>,
    pub notes: &'a [String],
    pub url: Option<String>,
    pub labels: Vec<Label<'a>>,
    pub impact: Vec<Impact<'a>>,
    pub fixes: Vec<FixJson<'a>>,
    pub fingerprint: String,
}

/// A finding that is hidden.
#[derive(Serialize)]
pub(super) struct SuppressedJson<'a> {
    pub rule: &'a str,
    pub aliases: Vec<&'a str>,
    pub file: &'a str,
    pub line: Option<u32>,
    pub message: &'a str,
}

#[derive(Serialize)]
pub(super) struct Span {
    pub start: PlaceJson,
    pub end: PlaceJson,
}

#[derive(Serialize)]
pub(super) struct PlaceJson {
    pub line: u32,
    pub column: u32,
    pub byte: u32,
}

#[derive(Serialize)]
pub(super) struct Label<'a> {
    pub span: Span,
    pub text: &'a str,
}

#[derive(Serialize)]
pub(super) struct Impact<'a> {
    pub kind: &'static str,
    pub saves: Option<Amount>,
    pub per: &'static str,
    pub basis: &'static str,
    pub evidence: &'a str,
}

/// Bytes are integers, seconds numbers.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Amount {
    Bytes(u64),
    Seconds(f64),
}

#[derive(Serialize)]
pub(super) struct FixJson<'a> {
    pub title: &'a str,
    pub safety: &'static str,
    pub why_unsafe: Option<&'a str>,
    pub edits: Vec<Edit<'a>>,
    pub lines: Option<FixedLinesJson>,
}

/// The lines that a fix changes.
#[derive(Serialize)]
pub(super) struct FixedLinesJson {
    pub first: u32,
    pub before: String,
    pub after: String,
}

#[derive(Serialize)]
pub(super) struct Edit<'a> {
    pub file: &'a str,
    /// Whether the edit makes the file.
    pub create: bool,
    pub start: u32,
    pub end: u32,
    pub text: &'a str,
}

#[derive(Serialize)]
pub(super) struct SkippedJson<'a> {
    pub what: &'a str,
    pub why: &'a str,
    pub remedy: &'a str,
}

#[derive(Serialize)]
pub(super) struct ProblemJson<'a> {
    pub file: &'a str,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub error: bool,
    pub message: &'a str,
    pub help: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Build<'a> {
    pub dockerfile: &'a str,
    pub importance: &'static str,
    pub projects: &'a [String],
    pub stages: Vec<Stage<'a>>,
    pub steps: u32,
    pub context: Option<Context<'a>>,
    pub rerun: Option<Rerun<'a>>,
    /// Indexes into `findings`, what costs most first.
    pub findings: &'a [usize],
}

#[derive(Serialize)]
pub(super) struct Stage<'a> {
    pub name: &'a str,
    pub base: &'a str,
    pub line: u32,
    pub needed: bool,
}

#[derive(Serialize)]
pub(super) struct Context<'a> {
    pub root: &'a str,
    pub ignore_file: Option<&'a str>,
    pub bytes: u64,
    pub files: u64,
    pub useless_bytes: u64,
    pub useless: Vec<UselessJson<'a>>,
    pub secrets: Vec<ContextEntryJson<'a>>,
    pub largest: Vec<ContextEntryJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct ContextEntryJson<'a> {
    pub path: &'a str,
    pub bytes: u64,
    pub files: u64,
}

#[derive(Serialize)]
pub(super) struct UselessJson<'a> {
    #[serde(flatten)]
    pub entry: ContextEntryJson<'a>,
    pub why: &'a str,
    pub pattern: &'a str,
}

#[derive(Serialize)]
pub(super) struct Rerun<'a> {
    pub first: BuildStepJson<'a>,
    pub steps: Vec<BuildStepJson<'a>>,
    pub copies: Vec<BuildStepJson<'a>>,
    pub example: Option<&'a str>,
    pub commits: Option<CommitShare>,
    pub seconds: Option<f64>,
    pub is_partly_timed: Option<bool>,
    pub is_at_most: Option<bool>,
}

/// In how many of the last commits the first step ran, and a later one that ran more often.
#[derive(Serialize)]
pub(super) struct CommitShare {
    pub reruns: u32,
    pub of: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<LaterStep>,
}

#[derive(Serialize)]
pub(super) struct LaterStep {
    pub line: u32,
    pub reruns: u32,
}

#[derive(Serialize)]
pub(super) struct BuildStepJson<'a> {
    pub number: u32,
    pub of: u32,
    pub stage: &'a str,
    pub line: u32,
    pub text: &'a str,
}

#[derive(Serialize)]
pub(super) struct Listings<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    #[serde(flatten)]
    pub first: Listing<'a>,
    pub others: Vec<Listing<'a>>,
}

#[derive(Serialize)]
pub(super) struct Listing<'a> {
    pub dockerfile: Option<&'a str>,
    pub context: Context<'a>,
    pub copies: Vec<Copy<'a>>,
    pub problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct Copy<'a> {
    pub line: u32,
    pub stage: &'a str,
    pub text: &'a str,
    pub files: Option<u64>,
    pub bytes: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct FixedFileJson<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub written: bool,
    pub changes: Vec<ChangeJson<'a>>,
    pub applied: Vec<AppliedFixJson<'a>>,
    /// Findings that are left.
    pub left: usize,
    pub contradicting: &'a [&'static str],
    pub refused: Vec<RefusedRuleJson<'a>>,
    pub skipped: Vec<SkippedJson<'a>>,
    pub problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct ChangeJson<'a> {
    pub file: &'a str,
    pub create: bool,
    pub diff: String,
    /// What differs for the builder.
    pub differences: Vec<Difference>,
}

#[derive(Serialize)]
pub(super) struct Difference {
    pub change: String,
    pub before_line: Option<u32>,
    pub after_line: Option<u32>,
    pub parts: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct RefusedRuleJson<'a> {
    pub rule: &'a str,
    pub file: &'a str,
    pub why: String,
}

#[derive(Serialize)]
pub(super) struct AppliedFixJson<'a> {
    pub rule: &'a str,
    pub file: &'a str,
    pub message: String,
    pub title: String,
    pub safety: &'static str,
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The names are the format's.
pub(super) struct Rules<'a> {
    pub schema: &'static str,
    pub dockopt: &'static str,
    pub rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
pub(super) struct Rule<'a> {
    pub name: &'a str,
    pub aliases: Vec<&'a str>,
    /// What settings may tell it.
    pub options: Vec<RuleOption<'a>>,
    pub summary: &'a str,
    pub severity: &'static str,
    pub category: &'static str,
    pub groups: Vec<&'static str>,
    pub confidence: &'static str,
    pub basis: &'static str,
    pub subject: &'static str,
    pub needs: Vec<&'static str>,
    pub wants: Vec<&'static str>,
    pub fix: &'static str,
    pub status: &'static str,
    pub since: &'a str,
    pub default: bool,
    pub url: String,
}

#[derive(Serialize)]
pub(super) struct RuleOption<'a> {
    pub name: &'a str,
    pub kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct PredictionsJson<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub builds: Vec<BuildPredictionJson<'a>>,
    pub problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct BuildPredictionJson<'a> {
    pub dockerfile: &'a str,
    pub services: &'a [String],
    pub target: Option<&'a str>,
    pub compared: &'a str,
    pub steps: Vec<StepPredictionJson>,
    pub cached: usize,
    pub reruns: usize,
    pub may_rerun: usize,
    pub rerun_seconds: Option<f64>,
    pub rerun_at_most: bool,
    pub partial: bool,
    pub notes: &'a [String],
}

#[derive(Serialize)]
pub(super) struct StepPredictionJson {
    pub line: u32,
    pub step: String,
    pub verdict: &'static str,
    pub reasons: Vec<String>,
    pub files: Vec<FileChangeJson>,
    pub changed_files: usize,
    pub seconds: Option<f64>,
    pub at_most: bool,
}

#[derive(Serialize)]
pub(super) struct FileChangeJson {
    pub path: String,
    pub change: &'static str,
}
