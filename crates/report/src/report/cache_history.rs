//! `cache history`: how often each step would have rerun, and because of which files.

mod comparison;
mod table;
mod wire;

use super::grid::{Column, Grid, plain};
use super::layout::{Layout, clean, cut, cut_path, push_title, wrap};
use super::units::{count, seconds};
use crate::cache::{HistoryCause, RecordKeeping, StepCount, StepKind};
use crate::inputs::Date;

pub use self::comparison::{RerunCount, StepComparison, TableComparison, compare_tables};
pub use self::table::{CommitRow, HistoryStep, HistoryTable};
pub use self::wire::cache_history_json;

/// Files that are named for a step.
const NAMED_PATHS: usize = 3;

/// Columns of a file's path.
const PATH: usize = 40;

/// Columns of a step's name in a sentence.
const STEP_NAME: usize = 60;

/// What was computed of a history.
#[derive(Debug)]
pub struct CacheHistoryReport {
    /// The folder that was asked for.
    pub root: String,
    /// The Dockerfile's path in the repository.
    pub dockerfile: String,
    /// Which records the builder has.
    pub keeping: RecordKeeping,
    /// The newest first.
    pub commits: Vec<HistoryCommit>,
    /// The Dockerfile's own history, and that with another Dockerfile.
    pub tables: Vec<HistoryTable>,
    /// What a reader must know.
    pub notices: Vec<String>,
    /// Whether files of submodules could not be read.
    pub is_partial: bool,
    /// Why there are no more commits: `root`, `limit`, `shallow`, `unreadable`.
    pub end: &'static str,
}

/// A commit.
#[derive(Debug)]
pub struct HistoryCommit {
    /// Its hash.
    pub id: String,
    /// When it was committed.
    pub date: Option<Date>,
    /// The first line of its message.
    pub summary: String,
}

/// The history for people.
pub fn cache_history(report: &CacheHistoryReport, layout: Layout) -> String {
    let mut out = String::new();
    for (index, table) in report.tables.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        push_title(&mut out, &clean(&table.name), &headline(report, table), 2, layout);
        out.push_str(&steps(table, layout));
        let mut remarks = unbuilt(report, table);
        remarks.extend(expected(table));
        if let (Some(first), true) = (report.tables.first(), index > 0) {
            remarks.extend(comparisons(first, table));
        }
        for remark in remarks {
            paragraph(&mut out, &remark, layout);
        }
    }
    if !report.notices.is_empty() {
        out.push('\n');
    }
    for notice in &report.notices {
        paragraph(&mut out, &clean(notice), layout);
    }
    out
}

fn paragraph(out: &mut String, text: &str, layout: Layout) {
    for line in wrap(text, layout.columns() - 2) {
        out.push_str(&format!("  {line}\n"));
    }
}

fn headline(report: &CacheHistoryReport, table: &HistoryTable) -> String {
    let builder = match report.keeping {
        RecordKeeping::All => "one builder that keeps its records",
        RecordKeeping::Fresh => "a new builder for each commit",
    };
    let dates: Vec<Date> = report.commits.iter().filter_map(|commit| commit.date).collect();
    let range = match (dates.iter().min(), dates.iter().max()) {
        (Some(first), Some(last)) if first != last => format!(" from {first} to {last}"),
        (Some(first), _) => format!(" of {first}"),
        _ => String::new(),
    };
    format!("{}{range}, {builder}", count(table.builds() as u64, "commit"))
}

fn steps(table: &HistoryTable, layout: Layout) -> String {
    let mut lines: Vec<(String, u32)> = Vec::new();
    let rows = table.steps.iter().filter(|step| step.kind != StepKind::From).map(|step| {
        let cause = because(&step.count);
        let known = lines.iter().find(|(text, _)| !text.is_empty() && *text == cause).map(|(_, line)| *line);
        lines.push((cause.clone(), step.line));
        let at_most = if step.seconds.is_some_and(|time| time.is_at_most) { "≤ " } else { "" };
        let time = step.expected_seconds().map(|(_, most)| format!("{at_most}{} per commit", seconds(most)));
        let may = match step.count.may_rerun {
            0 => String::new(),
            may => format!("{may} may"),
        };
        vec![
            plain(step.line.to_string()),
            plain(&step.name),
            plain(format!("{} of {}", step.count.reruns, step.count.builds)),
            plain(may),
            plain(time.unwrap_or_default()),
            plain(known.map_or(cause, |line| format!("as line {line}"))),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let columns = [Column::Right, Column::Words, Column::Right, Column::Right, Column::Right, Column::Wrapped];
    let head = ["line", "step", "reruns", "", "expected", "because of"];
    Grid { columns: &columns, head: &head, rows: &rows, indent: 2 }.write(layout)
}

/// What began the reruns of a step: the files that did so most often, then the other causes.
fn because(counted: &StepCount) -> String {
    let mut parts = Vec::new();
    let named = counted.most_frequent(NAMED_PATHS);
    let more = counted.paths.len().saturating_sub(named.len());
    parts.extend(named.into_iter().map(|(path, times)| format!("{} {times}", cut_path(&clean(path), PATH))));
    if more > 0 {
        parts.push(count(more as u64, "other file"));
    }
    let of = |cause| counted.causes.get(&cause).copied().unwrap_or(0);
    for (cause, words) in [
        (HistoryCause::Dockerfile, "the Dockerfile"),
        (HistoryCause::Outside, "other images or downloads"),
        (HistoryCause::NoRecords, "no records"),
    ] {
        if of(cause) > 0 {
            parts.push(format!("{words} {}", of(cause)));
        }
    }
    parts.join(", ")
}

/// The commits that were not built, by reason, with the newest of each.
fn unbuilt(report: &CacheHistoryReport, table: &HistoryTable) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut remark = |is_such: &dyn Fn(&CommitRow) -> bool, what: &dyn Fn(&CommitRow) -> String| {
        let mut such = report.commits.iter().zip(&table.rows).filter(|(_, row)| is_such(row));
        let Some((commit, row)) = such.next() else { return };
        let number = count(1 + such.count() as u64, "commit");
        let id: String = commit.id.chars().take(10).collect();
        remarks.push(format!("not built: {number} {}, the newest {id}", clean(&what(row))));
    };
    remark(&|row| *row == CommitRow::Absent, &|_| "without the Dockerfile".to_owned());
    remark(&|row| matches!(row, CommitRow::Rejected(_)), &|row| match row {
        CommitRow::Rejected(why) => format!("whose Dockerfile the builder rejects ({why})"),
        _ => String::new(),
    });
    remark(&|row| matches!(row, CommitRow::Failed(_)), &|row| match row {
        CommitRow::Failed(source) => format!("without a file that the Dockerfile copies (`{source}`)"),
        _ => String::new(),
    });
    remark(&|row| matches!(row, CommitRow::Unreadable(_)), &|row| match row {
        CommitRow::Unreadable(why) => format!("that cannot be read ({why})"),
        _ => String::new(),
    });
    remarks
}

/// What the builds of all commits took, by the seconds of the log.
#[allow(clippy::cast_precision_loss)] // Numbers of commits.
fn expected(table: &HistoryTable) -> Option<String> {
    let (least, most) = table.expected_seconds()?;
    let (least, greatest) = (seconds(least), seconds(most));
    let each = if least == greatest { greatest } else { format!("{least} to {greatest}") };
    let bound = match (table.is_at_most(), table.has_untimed_runs()) {
        (false, false) => "",
        (true, false) => "at most ",
        (false, true) => "at least ",
        (true, true) => "about ",
    };
    let builds = table.builds();
    let all = seconds(most * builds as f64);
    Some(format!(
        "expected: {bound}{each} for each commit, {bound}{all} for {}, by the log",
        count(builds as u64, "commit")
    ))
}

/// What another Dockerfile changes for the steps that run the same command, over the commits that both build.
fn comparisons(before: &HistoryTable, after: &HistoryTable) -> Vec<String> {
    let compared = compare_tables(before, after);
    let name = clean(&after.name);
    let remark = |step: &StepComparison| {
        format!(
            "`{}` reran in {} of {}; with `{name}` it would have been {}",
            cut(&clean(&step.name), STEP_NAME),
            step.before,
            count(step.builds as u64, "commit"),
            step.after,
        )
    };
    let mut remarks: Vec<String> = compared.steps.iter().map(remark).collect();
    if let Some(saved) = compared.saved_seconds {
        let verb = if saved < 0.0 { "cost" } else { "saved" };
        let about = compared.precision.as_str();
        let commits = count(compared.builds as u64, "commit");
        remarks.push(format!("`{name}` would have {verb} {about}{} in {commits}, by the log", seconds(saved.abs())));
    }
    remarks
}
