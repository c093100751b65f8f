//! The history for programs, as `schemas/cache-history.schema.json` describes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CacheHistoryReport, CommitRow, HistoryTable};
use crate::cache::{HistoryCause, RecordKeeping, StepKind, StepVerdict};
use crate::report::{json, wire};

/// Files that are listed for a step.
const LISTED_PATHS: usize = 100;

#[derive(Serialize)]
struct WireHistory<'a> {
    #[serde(flatten)]
    head: wire::Head<'a>,
    dockerfile: &'a str,
    builder: &'static str,
    end: &'static str,
    partial: bool,
    commits: Vec<WireCommit<'a>>,
    tables: Vec<WireTable<'a>>,
    notices: &'a [String],
}

#[derive(Serialize)]
struct WireCommit<'a> {
    id: &'a str,
    date: Option<String>,
    summary: &'a str,
}

#[derive(Serialize)]
struct WireTable<'a> {
    name: &'a str,
    steps: Vec<WireStep<'a>>,
    rows: Vec<WireRow<'a>>,
    expected_seconds: Option<WireExpected>,
}

/// Seconds for each build: with certain reruns only, and with possible ones.
#[derive(Serialize)]
struct WireExpected {
    least: f64,
    most: f64,
}

#[derive(Serialize)]
struct WireStep<'a> {
    name: &'a str,
    line: u32,
    kind: &'static str,
    builds: usize,
    reruns: usize,
    may_rerun: usize,
    causes: BTreeMap<&'static str, usize>,
    files: Vec<WireFile<'a>>,
    seconds: Option<f64>,
    at_most: bool,
    same_as: Option<usize>,
    part_of: Option<usize>,
}

#[derive(Serialize)]
struct WireFile<'a> {
    path: &'a str,
    builds: usize,
}

/// A commit: its state, and a letter for each step.
#[derive(Serialize)]
struct WireRow<'a> {
    state: &'static str,
    why: Option<&'a str>,
    steps: Option<String>,
}

/// The history for programs.
pub fn cache_history_json(report: &CacheHistoryReport) -> String {
    let commits = report.commits.iter().map(|commit| WireCommit {
        id: &commit.id,
        date: commit.date.map(|date| date.to_string()),
        summary: &commit.summary,
    });
    json::pretty(&WireHistory {
        head: wire::Head::new("dockopt.cache-history/1", &report.root),
        dockerfile: &report.dockerfile,
        builder: match report.keeping {
            RecordKeeping::All => "keep",
            RecordKeeping::Fresh => "fresh",
        },
        end: report.end,
        partial: report.is_partial,
        commits: commits.collect(),
        tables: report.tables.iter().map(table).collect(),
        notices: &report.notices,
    })
}

fn table(table: &HistoryTable) -> WireTable<'_> {
    let steps = table.steps.iter().map(|step| WireStep {
        name: &step.name,
        line: step.line,
        kind: match step.kind {
            StepKind::From => "from",
            StepKind::Run => "run",
            StepKind::Copy => "copy",
            StepKind::Workdir => "workdir",
            StepKind::Link => "link",
        },
        builds: step.count.builds,
        reruns: step.count.reruns,
        may_rerun: step.count.may_rerun,
        causes: step.count.causes.iter().map(|(cause, times)| (cause_name(*cause), *times)).collect(),
        files: step
            .count
            .most_frequent(LISTED_PATHS)
            .into_iter()
            .map(|(path, builds)| WireFile { path, builds })
            .collect(),
        seconds: step.seconds.map(|time| time.seconds),
        at_most: step.seconds.is_some_and(|time| time.is_at_most),
        same_as: step.same_as,
        part_of: step.part_of,
    });
    let expected_seconds = table.expected_seconds().map(|(least, most)| WireExpected { least, most });
    WireTable {
        name: &table.name,
        steps: steps.collect(),
        rows: table.rows.iter().map(row).collect(),
        expected_seconds,
    }
}

fn cause_name(cause: HistoryCause) -> &'static str {
    match cause {
        HistoryCause::Files => "files",
        HistoryCause::Dockerfile => "dockerfile",
        HistoryCause::Outside => "outside",
        HistoryCause::NoRecords => "no-records",
    }
}

fn row(row: &CommitRow) -> WireRow<'_> {
    let (state, why, steps) = match row {
        CommitRow::First => ("first", None, None),
        CommitRow::Built(verdicts) => ("built", None, Some(verdicts.iter().map(|verdict| letter(*verdict)).collect())),
        CommitRow::Failed(source) => ("failed", Some(source.as_str()), None),
        CommitRow::Absent => ("absent", None, None),
        CommitRow::Rejected(why) => ("rejected", Some(why.as_str()), None),
        CommitRow::Unreadable(why) => ("unreadable", Some(why.as_str()), None),
    };
    WireRow { state, why, steps }
}

fn letter(verdict: Option<StepVerdict>) -> char {
    match verdict {
        None => ' ',
        Some(StepVerdict::Hit) => '.',
        Some(StepVerdict::Unknown) => '?',
        Some(StepVerdict::Miss) => '#',
    }
}
