//! `cache history`: how often each step would have rerun, and because of which files.

mod wire;

use super::grid::{Column, Grid, plain};
use super::layout::{Layout, TextStyle, clean, cut, cut_path, wrap};
use super::units::{count, seconds};
use crate::cache::{HistoryCause, RecordKeeping, StepCount, StepKind, StepVerdict};
use crate::inputs::Date;

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

/// The steps of a Dockerfile over all commits.
#[derive(Debug)]
pub struct HistoryTable {
    /// The Dockerfile.
    pub name: String,
    /// Its steps, in the order of the file.
    pub steps: Vec<HistoryStep>,
    /// What became of each commit, in their order.
    pub rows: Vec<CommitRow>,
}

/// A step over all commits.
#[derive(Debug)]
pub struct HistoryStep {
    /// As the builder prints it.
    pub name: String,
    /// Its line in the Dockerfile.
    pub line: u32,
    /// Its kind.
    pub kind: StepKind,
    /// How often it ran.
    pub count: StepCount,
    /// How long it takes, from a log; `None` where no log says.
    pub seconds: Option<f64>,
    /// The step of the first table that runs the same command.
    pub same_as: Option<usize>,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitRow {
    /// It fills the cache.
    First,
    /// The verdict for each step.
    Built(Vec<Option<StepVerdict>>),
    /// The build fails: this source is missing.
    Failed(String),
    /// There is no Dockerfile.
    Absent,
    /// The builder rejects the Dockerfile, for this reason.
    Rejected(String),
    /// The commit cannot be read, for this reason.
    Unreadable(String),
}

impl HistoryStep {
    /// Expected seconds for each build: certain reruns, and with possible ones.
    #[allow(clippy::cast_precision_loss)] // Numbers of commits.
    fn expected_seconds(&self) -> Option<(f64, f64)> {
        let builds = self.count.builds.max(1) as f64;
        let of = |times: usize| self.seconds.map(|seconds| seconds * times as f64 / builds);
        Some((of(self.count.reruns)?, of(self.count.reruns + self.count.may_rerun)?))
    }
}

impl HistoryTable {
    /// Expected seconds for each build, over the steps whose time is known; `None` if none is.
    fn expected_seconds(&self) -> Option<(f64, f64)> {
        let known = self.steps.iter().filter_map(HistoryStep::expected_seconds);
        known.reduce(|sum, next| (sum.0 + next.0, sum.1 + next.1))
    }

    /// Commits after the first that build.
    fn builds(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row, CommitRow::Built(_))).count()
    }
}

/// The history for people.
pub fn cache_history(report: &CacheHistoryReport, layout: Layout) -> String {
    let mut out = String::new();
    for (index, table) in report.tables.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&layout.paint(TextStyle::Strong, &clean(&table.name)));
        out.push_str(&format!("  {}\n", headline(report, table)));
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
    format!("{}{range}, {builder}", count(table.builds() as u64, "build"))
}

fn steps(table: &HistoryTable, layout: Layout) -> String {
    let mut lines: Vec<(String, u32)> = Vec::new();
    let rows = table.steps.iter().filter(|step| step.kind != StepKind::From).map(|step| {
        let cause = because(&step.count);
        let known = lines.iter().find(|(text, _)| !text.is_empty() && *text == cause).map(|(_, line)| *line);
        lines.push((cause.clone(), step.line));
        let time = step.expected_seconds().map(|(_, most)| format!("{} each", seconds(most))).unwrap_or_default();
        let may = match step.count.may_rerun {
            0 => String::new(),
            may => format!("{may} may"),
        };
        vec![
            plain(step.line.to_string()),
            plain(&step.name),
            plain(format!("{} of {}", step.count.reruns, step.count.builds)),
            plain(may),
            plain(time),
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
    let each = if most - least > 0.1 { format!("{} to {}", seconds(least), seconds(most)) } else { seconds(most) };
    let builds = table.builds();
    let all = seconds(most * builds as f64);
    Some(format!("expected: {each} for each build, {all} for {}, by the log", count(builds as u64, "build")))
}

/// What another Dockerfile changes for the steps that run the same command, over the commits that both build.
fn comparisons(before: &HistoryTable, after: &HistoryTable) -> Vec<String> {
    let rows: Vec<RowPair> = before.rows.iter().zip(&after.rows).filter_map(built_rows).collect();
    let name = clean(&after.name);
    let mut remarks = Vec::new();
    for (index, step) in after.steps.iter().enumerate() {
        let Some(same) = step.same_as else { continue };
        let Some(old_step) = before.steps.get(same) else { continue };
        let pairs = rows.iter().filter_map(|(old, new)| Some(((*old.get(same)?)?, (*new.get(index)?)?)));
        let pairs: Vec<(StepVerdict, StepVerdict)> = pairs.collect();
        let (old, new) = (times(pairs.iter().map(|pair| pair.0)), times(pairs.iter().map(|pair| pair.1)));
        if old != new {
            remarks.push(format!(
                "`{}` reran in {old} of {}; with `{name}` it would have been {new}",
                cut(&clean(&old_step.name), STEP_NAME),
                count(pairs.len() as u64, "build"),
            ));
        }
    }
    let is_known = |table: &HistoryTable| table.steps.iter().any(|step| step.seconds.is_some());
    if is_known(before) && is_known(after) {
        let old: f64 = rows.iter().map(|(old, _)| row_seconds(before, old)).sum();
        let new: f64 = rows.iter().map(|(_, new)| row_seconds(after, new)).sum();
        let verb = if new > old { "cost" } else { "saved" };
        let builds = count(rows.len() as u64, "build");
        remarks.push(format!("`{name}` would have {verb} {} in {builds}, by the log", seconds((old - new).abs())));
    }
    remarks
}

/// The verdicts of a commit with its own Dockerfile and with the other one.
type RowPair<'t> = (&'t [Option<StepVerdict>], &'t [Option<StepVerdict>]);

fn built_rows<'t>((before, after): (&'t CommitRow, &'t CommitRow)) -> Option<RowPair<'t>> {
    let (CommitRow::Built(before), CommitRow::Built(after)) = (before, after) else { return None };
    Some((before, after))
}

/// How often a step ran: `3`, or `3 to 5` where it may have run.
fn times(verdicts: impl Iterator<Item = StepVerdict>) -> String {
    let (mut reruns, mut may) = (0, 0);
    for verdict in verdicts {
        match verdict {
            StepVerdict::Hit => {}
            StepVerdict::Unknown => may += 1,
            StepVerdict::Miss => reruns += 1,
        }
    }
    if may == 0 { reruns.to_string() } else { format!("{reruns} to {}", reruns + may) }
}

/// Seconds of the steps that run or may run in a build.
fn row_seconds(table: &HistoryTable, row: &[Option<StepVerdict>]) -> f64 {
    let ran =
        table.steps.iter().zip(row).filter(|(_, verdict)| verdict.is_some_and(|verdict| verdict != StepVerdict::Hit));
    ran.filter_map(|(step, _)| step.seconds).sum()
}
