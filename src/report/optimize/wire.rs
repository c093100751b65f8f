//! The shape of `optimize --format json`. A field is only ever added; what is unknown is `null`, never 0.

use serde::Serialize;

use super::savings::{RewriteHistory, step_text};
use crate::finding::Mask;
use crate::report::RerunCount;
use crate::report::wire::{ChangeJson, Head, ProblemJson};

#[derive(Serialize)]
pub(super) struct Result<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub written: bool,
    pub level: String,
    pub builds: Vec<Build<'a>>,
    pub changes: Vec<ChangeJson<'a>>,
    pub passes: Vec<Pass>,
    pub problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct Build<'a> {
    pub dockerfile: &'a str,
    pub refused: Option<String>,
    /// The highest rung that changed something.
    pub highest: Option<u8>,
    pub plan: PlanJson<'a>,
    pub rungs: Vec<Rung>,
    pub history: Option<HistoryScope>,
}

/// The commits that the histories of the rungs are about.
#[derive(Serialize)]
pub(super) struct HistoryScope {
    pub commits: usize,
    pub builds: usize,
}

/// What a rung changes for the last commits, compared with the rung below it.
#[derive(Serialize)]
pub(super) struct RungHistory {
    pub builds: usize,
    pub steps: Vec<StepRerunsJson>,
    pub saved_seconds: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct StepRerunsJson {
    pub step: String,
    pub builds: usize,
    pub before: RerunsJson,
    pub after: RerunsJson,
}

#[derive(Serialize)]
pub(super) struct RerunsJson {
    pub reruns: usize,
    pub may_rerun: usize,
}

impl RungHistory {
    pub(super) fn of(history: &RewriteHistory, rung: crate::optimize::Rung, mask: &Mask) -> Option<Self> {
        let compared = history.rungs.get(&rung)?;
        let reruns = |count: RerunCount| RerunsJson { reruns: count.reruns, may_rerun: count.may_rerun };
        let steps = compared.steps.iter().map(|step| StepRerunsJson {
            step: step_text(step, mask),
            builds: step.builds,
            before: reruns(step.before),
            after: reruns(step.after),
        });
        Some(Self { builds: compared.builds, steps: steps.collect(), saved_seconds: compared.saved_seconds })
    }
}

#[derive(Serialize)]
pub(super) struct PlanJson<'a> {
    pub base: Option<String>,
    pub slim: Option<String>,
    pub projects: Vec<Project<'a>>,
    pub builds: Vec<String>,
    pub starts: Vec<String>,
    pub ports: &'a [u16],
    pub services: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Project<'a> {
    pub root: &'a str,
    pub ecosystem: &'static str,
    pub tool: Option<&'static str>,
    pub version: Option<&'a str>,
    pub frameworks: &'a [&'static str],
    pub files: &'a [String],
    pub folders: &'a [String],
    pub open: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Rung {
    #[serde(rename = "rung")]
    pub number: u8,
    pub title: &'static str,
    pub steps: Vec<RewriteStepJson>,
    pub refusals: Vec<RemarkJson>,
    pub history: Option<RungHistory>,
}

/// What a pass did or left, and why.
#[derive(Serialize)]
pub(super) struct RemarkJson {
    pub pass: &'static str,
    pub what: String,
    pub why: String,
}

impl RemarkJson {
    pub(super) fn new(pass: &'static str, what: &str, why: &str, mask: &Mask) -> Self {
        Self { pass, what: mask.sentence(what), why: mask.sentence(why) }
    }
}

/// What a pass did, and what that assumes.
#[derive(Serialize)]
pub(super) struct RewriteStepJson {
    #[serde(flatten)]
    pub remark: RemarkJson,
    pub assumptions: Vec<Assumption>,
}

#[derive(Serialize)]
pub(super) struct Assumption {
    pub what: String,
    pub support: &'static str,
    /// What leaves it open.
    pub why: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Pass {
    pub id: &'static str,
    pub rung: u8,
    pub title: &'static str,
    /// Whether it runs at `--level max` only.
    pub max: bool,
}
