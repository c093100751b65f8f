//! What the results of a run say of a project: the part of a report that a later one is compared with. It is written to
//! JSON and read again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::figure::FigureKind;
use crate::finding::Severity;
use crate::text::path;
use crate::wire::{HistoryTableJson, LayerTreeJson};

/// A project at a commit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectState {
    /// The commit, if it is known.
    pub commit: Option<String>,
    /// Its builds.
    pub builds: Vec<BuildState>,
    /// Its findings.
    pub findings: Vec<FindingState>,
    /// What was looked at for findings.
    pub checks: Vec<CheckState>,
}

/// What a command looked at for findings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckState {
    /// The command: `audit`, `lint`, `image`.
    pub command: String,
    /// Files, folders (with a slash at their end) and images that it looked at; `None` if its result does not say.
    pub subjects: Option<BTreeSet<String>>,
    /// Rules that did not run: their findings are unknown.
    pub skipped_rules: BTreeSet<String>,
    /// Files that could not be checked.
    pub broken_files: BTreeSet<String>,
}

/// A build, by its Dockerfile or its image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildState {
    /// The Dockerfile, as it was typed.
    pub dockerfile: Option<String>,
    /// Names of the image.
    pub images: Vec<String>,
    /// The platform of the image.
    pub platform: Option<String>,
    /// The base image.
    pub base: Option<String>,
    /// The line of the last FROM.
    pub base_line: Option<u32>,
    /// Sizes and times.
    pub figures: Vec<StateFigure>,
    /// Layers, the lowest first.
    pub layers: Vec<LayerState>,
    /// Steps of builds with their times.
    pub steps: Vec<StepState>,
    /// Steps at which the build cache was left.
    pub misses: Vec<CacheMiss>,
    /// Limits that the image was compared with.
    pub limits: Vec<ImageLimit>,
    /// Why a build failed.
    pub failure: Option<String>,
    /// What became of its steps at commits; not part of a baseline.
    #[serde(skip)]
    pub(crate) commits: Option<CommitTable>,
}

/// Steps by commits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CommitTable {
    /// The newest first.
    pub ids: Vec<String>,
    /// A row for each commit.
    pub table: HistoryTableJson,
}

/// Bytes or seconds that no build has: more than these are an error of whoever wrote the file.
const MOST: f64 = 1e18;

/// Whether a number of bytes, seconds or steps can be right.
pub(super) fn is_possible(value: f64) -> bool {
    value.is_finite() && (0.0..=MOST).contains(&value)
}

/// A size or a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateFigure {
    /// What it says.
    pub kind: FigureKind,
    /// The command that knows it; figures of two commands are not compared.
    pub command: String,
    /// Bytes, seconds or steps.
    pub value: f64,
    /// Of how many steps.
    pub of: Option<f64>,
    /// Seconds between the fastest and the slowest of several runs.
    pub spread: Option<f64>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerState {
    /// The instruction that made it.
    pub instruction: Option<String>,
    /// The Dockerfile.
    pub file: Option<String>,
    /// The first line of the instruction.
    pub line: Option<u32>,
    /// Bytes of its files.
    pub bytes: u64,
    /// Whether it belongs to the base image.
    pub in_base: bool,
    /// What is in it; not part of a baseline.
    #[serde(skip)]
    pub(crate) tree: Option<LayerTreeJson>,
}

/// A step of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepState {
    /// Which build it is a step of.
    pub build: FigureKind,
    /// As the builder names it.
    pub name: String,
    /// The first line of its instruction.
    pub line: Option<u32>,
    /// How long it took.
    pub seconds: f64,
    /// When it began, in seconds from any point; not part of a baseline.
    #[serde(skip)]
    pub start: Option<f64>,
    /// Whether a log says so; else it is where what the step needs ends.
    #[serde(skip)]
    pub has_logged_start: bool,
    /// Whether the whole build waited for it.
    #[serde(skip)]
    pub is_critical: bool,
}

/// A step that reran, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CacheMiss {
    /// As the builder names it.
    pub name: String,
    /// The first line of its instruction.
    pub line: Option<u32>,
    /// Why it reran.
    pub reason: String,
}

/// A limit that `dockopt image` compared an image with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageLimit {
    /// The key in dockopt.toml.
    pub measure: String,
    /// The category, package or path.
    pub name: Option<String>,
    /// The limit.
    pub limit: f64,
    /// What the image has.
    pub value: Option<f64>,
    /// `bytes`, `count` or `ratio`.
    pub unit: String,
    /// Whether it is met; `None` if that is unknown.
    pub kept: Option<bool>,
    /// Why that is unknown.
    pub unknown: Option<String>,
    /// Where it is set.
    pub written: Option<String>,
    /// What makes up most of the value.
    pub causes: Vec<String>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingState {
    /// Recognizes it in another state.
    pub fingerprint: String,
    /// The command that reported it.
    pub command: String,
    /// The rule.
    pub rule: String,
    /// `error`, `warning`, `info`, `style`.
    pub severity: String,
    /// The file, or the image.
    pub file: String,
    /// The first line that is meant, as every format of every command names it.
    pub line: Option<u32>,
    /// The first column.
    pub column: Option<u32>,
    /// The first line of the instruction, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction_line: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// What it costs.
    pub cost: Option<CostState>,
    /// Fingerprints of findings of an image that are the same waste, or differ in their path alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Of a finding of an image: the rule for Dockerfiles that finds what makes this waste.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// The first fix; not part of a baseline.
    #[serde(skip)]
    pub fix: Option<FixState>,
    /// The last line that is meant, where that is known.
    #[serde(skip)]
    pub last_line: Option<u32>,
}

/// The price of a finding, in the words of its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostState {
    /// What is saved: `pull_bytes`.
    pub kind: String,
    /// Bytes or seconds.
    pub saves: Option<f64>,
    /// How often it is paid.
    pub per: String,
    /// How it is known.
    pub basis: String,
    /// Whether it is a lower bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

/// A fix of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct FixState {
    /// What it does.
    pub title: String,
    /// Whether it cannot change what the image does.
    pub is_safe: bool,
    /// The first line that changes, the lines before and after; `None` if the result does not have them.
    pub lines: Option<(u32, String, String)>,
}

impl ProjectState {
    /// Whether a finding would be among the findings if there were one: its command looked at its file for its rule.
    pub fn looks_for(&self, finding: &FindingState) -> bool {
        self.checks.iter().any(|check| check.looks_for(finding))
    }
}

impl CheckState {
    fn looks_for(&self, finding: &FindingState) -> bool {
        // An audit checks all that lint does.
        let is_command = self.command == finding.command || (self.command == "audit" && finding.command == "lint");
        is_command
            && !self.skipped_rules.contains(&finding.rule)
            && !self.broken_files.contains(&finding.file)
            && self.looks_at(finding.subject())
    }

    fn looks_at(&self, subject: &str) -> bool {
        let Some(subjects) = &self.subjects else { return true };
        let subject = path::normalize(subject);
        let is_below = || subject.match_indices('/').any(|(at, _)| subjects.contains(&subject[..=at]));
        subjects.contains(&subject) || subjects.contains(EVERYTHING) || is_below()
    }
}

/// The folder that the program ran in, as a subject.
pub(super) const EVERYTHING: &str = "./";

impl FindingState {
    /// A finding of an image, which has no other identity than what was found where.
    pub(super) fn image_fingerprint(subject: &str, name: &str, path: &str) -> String {
        format!("image\n{subject}\n{name}\n{path}")
    }

    /// Where in the image the finding is; `None` if it is not of an image.
    pub(super) fn image_path(&self) -> Option<&str> {
        if self.fingerprint.starts_with("image\n") { self.fingerprint.splitn(4, '\n').nth(3) } else { None }
    }

    /// What recognizes it in another state: its fingerprint, and those of the findings that are the same.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        [&self.fingerprint].into_iter().chain(&self.also).map(String::as_str)
    }

    /// The file, or the image, that was looked at.
    fn subject(&self) -> &str {
        let mut parts = self.fingerprint.split('\n');
        match (parts.next(), parts.next()) {
            (Some("image"), Some(subject)) => subject,
            _ => &self.file,
        }
    }

    /// The first line of its instruction: that of layers and of their findings.
    pub fn instruction_line(&self) -> Option<u32> {
        self.instruction_line.or(self.line)
    }

    /// The severity; that of an unknown word is a warning.
    pub fn severity(&self) -> Severity {
        match self.severity.as_str() {
            "error" => Severity::Error,
            "info" => Severity::Info,
            "style" => Severity::Style,
            _ => Severity::Warning,
        }
    }
}

impl BuildState {
    /// Removes figures that no build has, as a file that somebody wrote by hand may hold.
    pub(super) fn drop_impossible(&mut self) {
        self.figures.retain(|figure| is_possible(figure.value));
        for figure in &mut self.figures {
            figure.spread = figure.spread.filter(|spread| is_possible(*spread));
        }
        self.steps.retain(|step| is_possible(step.seconds));
    }

    /// What people call it: the Dockerfile, else the image.
    pub fn name(&self) -> &str {
        self.dockerfile.as_deref().or(self.images.first().map(String::as_str)).unwrap_or("the build")
    }

    /// The figures of a kind.
    pub fn figures_of(&self, kind: FigureKind) -> impl Iterator<Item = &StateFigure> {
        self.figures.iter().filter(move |figure| figure.kind == kind)
    }
}
