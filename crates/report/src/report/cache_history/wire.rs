//! The history for programs, as `schemas/cache-history.schema.json` describes it.

use super::{CacheHistoryReport, CommitRow, HistoryTable};
use crate::cache::{HistoryCause, RecordKeeping, StepKind, StepVerdict};
use crate::report::json;
use crate::wire::{
    ExpectedSecondsJson, Head, HistoryCommitJson, HistoryFileJson, HistoryRowJson, HistoryStepJson, HistoryTableJson,
    OnlyWritten, list, object,
};

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
        commits: list(&report.commits, |commit| HistoryCommitJson {
            id: commit.id.clone(),
            date: OnlyWritten(commit.date.map(|date| date.to_string())),
            summary: OnlyWritten(commit.summary.clone()),
        }),
        tables: list(&report.tables, table),
        notices: &report.notices,
    })
}

fn table(table: &HistoryTable) -> HistoryTableJson {
    let steps = list(&table.steps, |step| HistoryStepJson {
        name: step.name.clone(),
        line: step.line,
        kind: OnlyWritten(match step.kind {
            StepKind::From => "from",
            StepKind::Run => "run",
            StepKind::Copy => "copy",
            StepKind::Workdir => "workdir",
            StepKind::Link => "link",
        }),
        builds: step.count.builds,
        reruns: step.count.reruns,
        may_rerun: OnlyWritten(step.count.may_rerun),
        causes: OnlyWritten(step.count.causes.iter().map(|(cause, times)| (cause_name(*cause), *times)).collect()),
        files: OnlyWritten(list(step.count.most_frequent(LISTED_PATHS), |(path, builds)| HistoryFileJson {
            path: path.to_owned(),
            builds,
        })),
        seconds: OnlyWritten(step.seconds.map(|time| time.seconds)),
        at_most: OnlyWritten(step.seconds.is_some_and(|time| time.is_at_most)),
        same_as: OnlyWritten(step.same_as),
        part_of: OnlyWritten(step.part_of),
    });
    let expected_seconds =
        table.expected_seconds().map(|(least, most)| ExpectedSecondsJson { least, most: OnlyWritten(most) });
    HistoryTableJson { name: OnlyWritten(table.name.clone()), steps, rows: list(&table.rows, row), expected_seconds }
}

fn cause_name(cause: HistoryCause) -> &'static str {
    match cause {
        HistoryCause::Files => "files",
        HistoryCause::Dockerfile => "dockerfile",
        HistoryCause::Outside => "outside",
        HistoryCause::NoRecords => "no-records",
    }
}

fn row(row: &CommitRow) -> HistoryRowJson {
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
    HistoryRowJson { state: OnlyWritten(state), why: OnlyWritten(why.map(str::to_owned)), steps }
}

fn letter(verdict: Option<StepVerdict>) -> char {
    match verdict {
        None => ' ',
        Some(StepVerdict::Hit) => '.',
        Some(StepVerdict::Unknown) => '?',
        Some(StepVerdict::Miss) => '#',
    }
}
