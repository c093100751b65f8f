//! The record of a project: a state for each commit, one per line of a file. Spreads of recent runs, trends, and what
//! made a figure worse.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cause::{ChangeCause, causes};
use super::figure::{Direction, FigureKind, FigureUnit, tolerance};
use super::pairs::{BuildPairs, build_names, figure_pair};
use super::state::{BuildState, ProjectState, StateFigure};
use crate::text::json_reason;

/// The schema of a line.
pub const RECORD_SCHEMA: &str = "dockopt.record/1";

/// Runs whose spread is the tolerance of a comparison.
const RECENT: usize = 5;

/// Runs that a report shows.
const MOST_RUNS: usize = 50;

/// Bytes that a size must grow by to be a regression.
const LEAST_GROWTH: f64 = 1_000_000.0;

/// Share that a size must grow by to be a regression.
const LEAST_SHARE: f64 = 0.01;

/// Seconds between the fastest and the slowest of recent runs, by build, figure and command.
pub type Spreads = BTreeMap<(String, FigureKind, String), f64>;

/// What is recorded of a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// [`RECORD_SCHEMA`].
    pub schema: String,
    /// When it was recorded, in RFC 3339.
    pub time: String,
    /// The commit, if it is known.
    pub commit: Option<String>,
    /// How many findings there were, counted as a report does; `None` if no result had any.
    pub findings: Option<usize>,
    /// The builds with their figures and layers.
    pub builds: Vec<BuildState>,
}

/// A record that was read, and the lines that are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectHistory {
    /// The oldest first.
    pub records: Vec<HistoryRecord>,
    /// How many of the oldest are only compared with, and part of no answer.
    pub earlier: usize,
    /// Line numbers, and what is wrong.
    pub problems: Vec<(usize, String)>,
}

/// The values of a figure over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// The build; empty for findings of the project.
    pub build: String,
    /// The figure, and the command that it comes from; `None` for the number of findings.
    pub kind: Option<(FigureKind, String)>,
    /// A value for each record; `None` where it has none.
    pub values: Vec<Option<f64>>,
}

/// A commit that made a figure worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// Which record.
    pub record: usize,
    /// The build.
    pub build: String,
    /// The figure.
    pub kind: FigureKind,
    /// Bytes or seconds more than before.
    pub change: f64,
    /// What contributed most.
    pub cause: Option<ChangeCause>,
}

impl HistoryRecord {
    /// What is recorded of a state.
    pub fn new(state: &ProjectState, time: String) -> Self {
        let kept =
            |build: &BuildState| BuildState { misses: Vec::new(), limits: Vec::new(), failure: None, ..build.clone() };
        Self {
            schema: RECORD_SCHEMA.to_owned(),
            time,
            commit: state.commit.clone(),
            findings: (!state.checks.is_empty()).then(|| state.finding_count()),
            builds: state.builds.iter().filter(|build| !build.figures.is_empty()).map(kept).collect(),
        }
    }

    /// The line of the file, with its end.
    pub fn line(&self) -> String {
        // Strings and numbers: writing them to memory can't fail.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

impl ProjectHistory {
    /// Reads a file. A line that is no record, as one that was not written to its end, is a problem; the others count.
    pub fn read(text: &str) -> Self {
        let mut history = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str::<HistoryRecord>(line) {
                Ok(mut record) if record.schema == RECORD_SCHEMA => {
                    record.builds.iter_mut().for_each(BuildState::drop_impossible);
                    history.records.push(record);
                }
                Ok(record) => history
                    .problems
                    .push((index + 1, format!("the schema is not `{RECORD_SCHEMA}`: `{}`", record.schema))),
                Err(error) => {
                    history.problems.push((index + 1, format!("it is not a record: {}", json_reason(&error))));
                }
            }
        }
        history
    }

    /// Adds the newest run; answers are about the last ones.
    pub fn add(&mut self, record: HistoryRecord) {
        self.records.push(record);
        self.earlier = self.records.len().saturating_sub(MOST_RUNS);
    }

    /// The difference between the fastest and the slowest of the last runs, by build and figure.
    pub fn spreads(&self) -> Spreads {
        spreads(&self.records)
    }

    /// The records that answers are about.
    pub fn runs(&self) -> &[HistoryRecord] {
        self.records.get(self.earlier..).unwrap_or_default()
    }

    /// The values of every figure, in the order of the table; the number of findings last.
    pub fn trends(&self) -> Vec<Trend> {
        let mut trends: BTreeMap<(String, FigureKind, String), Vec<Option<f64>>> = BTreeMap::new();
        let records = self.runs();
        for (index, record) in records.iter().enumerate() {
            for (build, name) in record.builds.iter().zip(build_names(&record.builds)) {
                for figure in &build.figures {
                    let key = (name.clone(), figure.kind, figure.command.clone());
                    let values = trends.entry(key).or_insert_with(|| vec![None; records.len()]);
                    values[index] = values[index].or(Some(figure.value));
                }
            }
        }
        let trend = |((build, kind, command), values)| Trend { build, kind: Some((kind, command)), values };
        let mut trends: Vec<Trend> = trends.into_iter().map(trend).collect();
        let findings: Vec<Option<f64>> =
            records.iter().map(|record| record.findings.map(|count| super::read::number(count as u64))).collect();
        if findings.iter().any(Option::is_some) {
            trends.push(Trend { build: String::new(), kind: None, values: findings });
        }
        trends
    }

    /// The commits that made a figure worse than in the record before, the newest first.
    pub fn regressions(&self) -> Vec<Regression> {
        let mut regressions = Vec::new();
        for (index, pair) in self.records.windows(2).enumerate().skip(self.earlier.saturating_sub(1)) {
            let [before, after] = pair else { continue };
            let spreads = spreads(&self.records[(index + 1).saturating_sub(RECENT)..=index]);
            let pairs = BuildPairs::new(&before.builds, &after.builds);
            for (build, name) in after.builds.iter().zip(build_names(&after.builds)) {
                let Some(old) = pairs.find(build) else { continue };
                for kind in FigureKind::ALL.into_iter().filter(|kind| kind.is_judged()) {
                    let Some((figure, Some(former))) = figure_pair(kind, build, Some(old)) else { continue };
                    let spread =
                        spreads.get(&(name.clone(), kind, figure.command.clone())).copied().unwrap_or_default();
                    if is_regression(kind, former, figure, spread) {
                        let change = figure.value - former.value;
                        let cause = causes(kind, old, build, spread).into_iter().find(|cause| cause.change > 0.0);
                        regressions.push(Regression { record: index + 1, build: name.clone(), kind, change, cause });
                    }
                }
            }
        }
        regressions.reverse();
        regressions
    }
}

fn spreads(records: &[HistoryRecord]) -> Spreads {
    let mut values: BTreeMap<(String, FigureKind, String), Vec<f64>> = BTreeMap::new();
    for record in records.iter().rev() {
        for (build, name) in record.builds.iter().zip(build_names(&record.builds)) {
            for figure in build.figures.iter().filter(|figure| figure.kind.unit() == FigureUnit::Seconds) {
                let recent = values.entry((name.clone(), figure.kind, figure.command.clone())).or_default();
                if recent.len() < RECENT {
                    recent.push(figure.value);
                }
            }
        }
    }
    let spread = |values: &[f64]| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least
    };
    values.into_iter().map(|(key, values)| (key, spread(&values))).collect()
}

fn is_regression(kind: FigureKind, before: &StateFigure, after: &StateFigure, spread: f64) -> bool {
    let change = after.value - before.value;
    if kind.unit() == FigureUnit::Bytes {
        return change >= LEAST_GROWTH.min(before.value * LEAST_SHARE).max(1.0);
    }
    let noise = [before.spread, after.spread].into_iter().flatten().fold(spread, f64::max);
    kind.direction(before.value, after.value, tolerance(before.value, noise)) == Direction::Worse
}
