//! What a log says of builds and their steps.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::output::Output;
use super::step_name::{self, StepKind, StepLabel};
use crate::dockerfile::Keyword;

/// Steps of one build that are kept; no build has as many.
pub(super) const MOST_STEPS: usize = 20_000;

/// Builds of one log.
pub(super) const MOST_BUILDS: usize = 1_000;

/// Transfers of one build.
pub(super) const MOST_TRANSFERS: usize = 100_000;

/// Bytes of a name, an error or a warning.
pub(super) const TEXT: usize = 4_096;

/// Bytes of a JSON value, and of a compressed record.
pub(super) const DOCUMENT: usize = 64 << 20;

/// How a log was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// `--progress=plain`: lines that begin with `#N`.
    Plain,
    /// `--progress=rawjson`, `buildctl --trace`: JSON objects.
    RawJson,
    /// `--progress=tty`: a capture of a terminal.
    Terminal,
    /// `DOCKER_BUILDKIT=0`: lines that begin with `Step n/m`.
    Legacy,
    /// buildah and podman: lines that begin with `STEP n/m`.
    Buildah,
    /// `--metadata-file`: digests, no steps.
    Metadata,
    /// `buildx history ls` and `inspect`: totals, no steps.
    History,
    /// Provenance of an image: the steps' graph without times.
    Provenance,
    /// A `.dockerbuild` file.
    Record,
    /// Spans of a trace: `buildx history trace`.
    Trace,
    /// The result of `dockopt measure`: a build for each scenario; only what ran has steps.
    Measurement,
}

impl LogForm {
    /// Whether the log is a stream of JSON values.
    pub(super) const fn is_json(self) -> bool {
        matches!(self, Self::RawJson | Self::Trace)
    }

    /// What the form is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::RawJson => "rawjson",
            Self::Terminal => "tty",
            Self::Legacy => "legacy builder",
            Self::Buildah => "buildah",
            Self::Metadata => "metadata file",
            Self::History => "history",
            Self::Provenance => "provenance",
            Self::Record => "build record",
            Self::Trace => "trace",
            Self::Measurement => "measurement",
        }
    }
}

/// The builds of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildLog {
    /// In the order of their beginning; at least one.
    pub builds: Vec<LoggedBuild>,
    /// What of the log could not be read.
    pub notices: Vec<String>,
}

/// One build: a call of the builder. Several targets of bake and compose are one build.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedBuild {
    /// How it was written.
    pub form: LogForm,
    /// What the log calls it: a reference, or the name that stands before each line.
    pub name: Option<String>,
    /// The steps that started, in the order of their start as far as the form has it.
    pub steps: Vec<LogStep>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Seconds from its beginning to its end.
    pub seconds: Option<f64>,
    /// Totals, where the form has no steps.
    pub totals: Option<StepTotals>,
    /// Why it failed.
    pub error: Option<BuildError>,
    /// The Dockerfile's name.
    pub dockerfile: Option<String>,
    /// The Dockerfile itself, where the form holds it.
    pub source: Option<String>,
    /// Whether it only checked the Dockerfile (`--check`).
    pub is_check: bool,
    /// Whether it is known to have found cache mounts filled: the rebuild of a measurement.
    pub is_rebuild: bool,
    /// Whether the text of the log ends in the middle: of a JSON value, or without the words that every build ends with.
    pub is_cut: bool,
}

/// How many steps a build had, the builder's own among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepTotals {
    /// All.
    pub total: u64,
    /// Those that ended.
    pub completed: u64,
    /// Those from the cache.
    pub cached: u64,
}

/// Why a build failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildError {
    /// The builder's message.
    pub message: String,
    /// The place in the Dockerfile: its name and line.
    pub place: Option<(String, u32)>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogStep {
    /// The name as printed.
    pub name: String,
    /// What the name says.
    pub label: StepLabel,
    /// How it ended.
    pub status: StepStatus,
    /// Seconds that it took.
    pub seconds: Option<f64>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The steps whose results it takes; `None` if the form has no graph.
    pub inputs: Option<Vec<usize>>,
    /// What was transferred, unpacked or written meanwhile.
    pub transfers: Vec<LogTransfer>,
    /// What it printed.
    pub output: Output,
    /// Why it failed.
    pub error: Option<String>,
    /// Warnings of the builder.
    pub warnings: Vec<String>,
    /// The line of the Dockerfile, where the form has it.
    pub line: Option<u32>,
}

impl LogStep {
    /// Whether the log says if it was cached: it is an instruction that takes something. FROM and other steps without
    /// inputs are reported as done when only their key was computed.
    pub fn is_cacheable(&self) -> bool {
        let StepKind::Instruction(keyword) = self.label.kind else { return false };
        keyword != Keyword::From && self.inputs.as_ref().is_none_or(|inputs| !inputs.is_empty())
    }

    /// Seconds that it ran; `None` if it did not, failed, or the log has no time.
    pub fn run_seconds(&self) -> Option<f64> {
        if self.status == StepStatus::Done { self.seconds } else { None }
    }

    /// Whether it reruns: it is no cached one though the log would say so.
    pub fn is_missed(&self) -> bool {
        self.is_cacheable() && self.status != StepStatus::Cached
    }

    /// Bytes of the layers that were pulled for it.
    pub fn pulled_bytes(&self) -> u64 {
        let layers = self.transfers.iter().filter(|transfer| transfer.id.starts_with("sha256:"));
        layers.filter_map(|transfer| transfer.bytes).sum()
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepStatus {
    /// It was taken from the cache.
    Cached,
    /// It ran.
    Done,
    /// It failed.
    Error,
    /// It was stopped because another failed.
    Canceled,
    /// The log ends before it does.
    #[default]
    Unfinished,
}

impl StepStatus {
    /// The status as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Done => "done",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Something that a step waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogTransfer {
    /// What it is: a layer's digest, `extracting …`, `transferring context:`.
    pub id: String,
    /// Bytes so far.
    pub bytes: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
    /// Seconds; `None` below 10 ms in forms that leave such figures out.
    pub seconds: Option<f64>,
    /// Whether it ended.
    pub is_done: bool,
}

impl LoggedBuild {
    pub(super) fn new(form: LogForm) -> Self {
        Self {
            form,
            name: None,
            steps: Vec::new(),
            started: None,
            ended: None,
            seconds: None,
            totals: None,
            error: None,
            dockerfile: None,
            source: None,
            is_check: false,
            is_rebuild: false,
            is_cut: false,
        }
    }

    /// The step that failed, which is not one that was only canceled.
    pub fn failed_step(&self) -> Option<&LogStep> {
        // A build continues without a cache that it cannot read, and with `ignore-error` without one that it cannot write.
        let can_fail = |step: &&LogStep| match step.label.kind {
            StepKind::CacheImport => false,
            StepKind::CacheExport => self.error.is_some(),
            _ => true,
        };
        let is = |status| self.steps.iter().filter(can_fail).find(move |step| step.status == status);
        is(StepStatus::Error).or_else(|| is(StepStatus::Canceled))
    }

    /// Whether the log ends before the build did: it was cut, or read while the build ran. A build that failed is complete.
    pub fn is_truncated(&self) -> bool {
        if self.error.is_some() || self.is_check || self.steps.is_empty() {
            return false;
        }
        let has_steps = self.steps.iter().any(|step| step.label.is_instruction());
        self.is_cut
            || self.steps.iter().any(|step| step.status == StepStatus::Unfinished)
            || match self.form {
                LogForm::Plain | LogForm::RawJson | LogForm::Record => {
                    !(self.is_exported() || has_steps && self.has_all_steps())
                }
                LogForm::Buildah => !self.has_all_steps(),
                _ => false,
            }
    }

    fn is_exported(&self) -> bool {
        self.steps.iter().any(|step| step.label.kind == StepKind::Export)
    }

    /// Whether each stage has the last one of its numbered steps, as far as the log has their names.
    fn has_all_steps(&self) -> bool {
        if self.steps.iter().any(|step| step.name.is_empty()) {
            return true;
        }
        let mut last: BTreeMap<[&Option<String>; 3], (u32, u32)> = BTreeMap::new();
        for step in &self.steps {
            let Some((number, of)) = step.label.number else { continue };
            let stage = last.entry([&step.label.target, &step.label.platform, &step.label.stage]).or_default();
            *stage = (number.max(stage.0), of.max(stage.1));
        }
        last.values().all(|(number, of)| number >= of)
    }

    /// Replaces all texts of the build by others: what the steps are called, what they printed, errors and warnings.
    pub fn map_texts(&mut self, map: &dyn Fn(&str) -> String) {
        let replace = |text: &mut String| *text = map(text);
        for step in &mut self.steps {
            let texts = [&mut step.name, &mut step.label.text];
            texts.into_iter().chain(step.error.as_mut()).chain(&mut step.warnings).for_each(replace);
            step.transfers.iter_mut().map(|transfer| &mut transfer.id).for_each(replace);
            step.output.map_texts(map);
        }
        if let Some(error) = &mut self.error {
            replace(&mut error.message);
        }
    }

    /// Names what the steps are, and fills what follows from them.
    pub(super) fn complete(&mut self) {
        if !matches!(self.form, LogForm::Legacy | LogForm::Buildah) {
            let targets = step_name::targets(self.steps.iter().map(|step| step.name.as_str()));
            for step in &mut self.steps {
                step.label = step_name::label(&step.name, &targets);
            }
        }
        if self.dockerfile.is_none() {
            let definition =
                |step: &LogStep| step.label.text.strip_prefix("load build definition from ").map(str::to_owned);
            self.dockerfile = self.steps.iter().find_map(definition);
        }
        if self.started.is_none() {
            self.started = self.steps.iter().filter_map(|step| step.started).min();
        }
        if self.ended.is_none() {
            self.ended = self.steps.iter().filter_map(|step| step.ended).max();
        }
        if let (None, Some(started), Some(ended)) = (self.seconds, self.started, self.ended) {
            self.seconds = Some(seconds_between(started, ended));
        }
        if self.error.is_none() {
            let message = self.failed_step().and_then(|step| step.error.clone());
            self.error = message.map(|message| BuildError { message, place: None });
        }
    }
}

/// A time of RFC 3339.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Seconds from one time to another; 0 if they are in the other order.
pub(super) fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// The text of bytes, at most [`TEXT`] of them.
pub(super) fn short_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT)]);
    text.trim_end().to_owned()
}
