//! The history for programs, as `schemas/cache-history.schema.json` describes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CacheHistoryReport, CommitRow, HistoryTable};
use crate::cache::{HistoryCause, RecordKeeping, StepKind, StepVerdict};
use crate::report::json;
use crate::wire::{ExpectedSecondsJson, Head, OnlyWritten, list, object};

/// Files that are listed for a step.
const LISTED_PATHS: usize = 100;

/// The history for programs.
pub fn cache_history_json(report: &CacheHistoryReport) -> String {
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.cache-history/1", &report.root),
        dockerfile: &report.dockerfile,
        builder: match report.keeping {
            RecordKeeping::All => "keep",
            RecordKeeping::Fresh => "fresh",
        },
        end: report.end,
        partial: report.is_partial,
        commits: list(&report.commits, |commit| {
            object! { id: &commit.id, date: commit.date.map(|date| date.to_string()), summary: &commit.summary }
        }),
        tables: list(&report.tables, table),
        notices: &report.notices,
    })
}

fn table(table: &HistoryTable) -> impl Serialize {
    let steps = list(&table.steps, |step| {
        let causes = step.count.causes.iter().map(|(cause, times)| (cause_name(*cause), *times));
        let causes: BTreeMap<&str, _> = causes.collect();
        object! {
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
            causes,
            files: list(step.count.most_frequent(LISTED_PATHS), |(path, builds)| object! { path, builds }),
            seconds: step.seconds.map(|time| time.seconds),
            at_most: step.seconds.is_some_and(|time| time.is_at_most),
            same_as: step.same_as,
            part_of: step.part_of,
        }
    });
    let expected_seconds =
        table.expected_seconds().map(|(least, most)| ExpectedSecondsJson { least, most: OnlyWritten(most) });
    object! {
        name: &table.name,
        steps,
        rows: list(&table.rows, row),
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

fn row(row: &CommitRow) -> impl Serialize {
    let letters =
        |verdicts: &[Option<StepVerdict>]| verdicts.iter().map(|verdict| letter(*verdict)).collect::<String>();
    let (state, why, steps) = match row {
        CommitRow::First => ("first", None, None),
        CommitRow::Built(verdicts) => ("built", None, Some(letters(verdicts))),
        CommitRow::Failed(source) => ("failed", Some(source.as_str()), None),
        CommitRow::Absent => ("absent", None, None),
        CommitRow::Rejected(why) => ("rejected", Some(why.as_str()), None),
        CommitRow::Unreadable(why) => ("unreadable", Some(why.as_str()), None),
    };
    object! { state, why, steps }
}

fn letter(verdict: Option<StepVerdict>) -> char {
    match verdict {
        None => ' ',
        Some(StepVerdict::Hit) => '.',
        Some(StepVerdict::Unknown) => '?',
        Some(StepVerdict::Miss) => '#',
    }
}
