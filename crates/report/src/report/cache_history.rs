//! `cache history`: how often each step would have rerun, and because of which files.

mod comparison;
mod next;
mod table;
mod wire;

use super::page::{
    Block, Chart, Column, MatrixColumn, MatrixRow, Page, Section, StepState, Table, Text, Tone, code, number, plain,
    toned,
};
use super::units::{count, grouped, seconds};
use crate::cache::{HistoryCause, RecordKeeping, StepCount, StepVerdict};
use crate::inputs::Date;
use crate::text::short_commit;

pub use self::comparison::{RerunCount, StepComparison, TableComparison, compare_tables};
pub use self::table::{CommitRow, HistoryStep, HistoryTable, OPTIMIZE};
pub use self::wire::cache_history_json;

/// Files that are named for a step.
const NAMED_PATHS: usize = 3;

/// Commits of a picture: one column each.
const MATRIX_COMMITS: usize = 60;

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
    /// What is typed to look at this build: the path, and the options that decide which build it is.
    pub build_words: Vec<String>,
    /// The options of this command alone that were typed.
    pub options: Vec<String>,
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

impl HistoryCommit {
    fn column(&self) -> MatrixColumn {
        let date = self.date.map(|date| format!("{date}  ")).unwrap_or_default();
        MatrixColumn { name: short_commit(&self.id).to_owned(), about: format!("{date}{}", self.summary) }
    }
}

/// The history for people.
pub fn cache_history(report: &CacheHistoryReport) -> Page {
    let mut page = Page::new(format!("Cache history of {}", report.dockerfile));
    for (index, table) in report.tables.iter().enumerate() {
        let mut section = Section { about: headline(report, table).into(), ..Section::new(&table.name) };
        section.push(steps(table));
        let mut remarks = unbuilt(report, table);
        remarks.extend(expected(table));
        if let (Some(first), true) = (report.tables.first(), index > 0) {
            remarks.extend(comparisons(first, table));
        }
        section.push_list(remarks.iter().map(plain).collect());
        section.push(matrix(report, table));
        page.push(section);
    }
    let mut end = Section::default();
    end.push_list(report.notices.iter().map(plain).collect());
    page.push(end);
    let commands = next::commands(&report.tables, &report.build_words, &report.options);
    if !commands.is_empty() {
        page.push(Section::open_untitled("Next").with(Block::Commands(commands)));
    }
    page
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

fn steps(table: &HistoryTable) -> Table {
    let mut causes: Vec<(Text, u32)> = Vec::new();
    let rows = table.visible_steps().map(|(_, step)| {
        let cause = because(&step.count);
        let known = causes.iter().find(|(text, _)| !text.is_empty() && *text == cause).map(|(_, line)| *line);
        causes.push((cause.clone(), step.line));
        let at_most = if step.seconds.is_some_and(|time| time.is_at_most) { "≤ " } else { "" };
        let time = step.expected_seconds().map(|(_, most)| format!("{at_most}{} per commit", seconds(most)));
        let may = match step.count.may_rerun {
            0 => String::new(),
            may => format!("{may} may"),
        };
        vec![
            plain(step.line.to_string()),
            code(&step.name),
            number(format!("{} of {}", step.count.reruns, step.count.builds)),
            number(may),
            number(time.unwrap_or_default()),
            known.map_or(cause, |line| toned(format!("as line {line}"), Tone::Dim)),
        ]
    });
    let columns = [Column::Right, Column::Words, Column::Right, Column::Right, Column::Right, Column::WrappedOrBelow];
    Table::new(&columns, rows.collect()).with_head(&["line", "step", "reruns", "", "expected", "because of"])
}

/// What began the reruns of a step: the files that did so most often, then the other causes.
fn because(counted: &StepCount) -> Text {
    let named = counted.most_frequent(NAMED_PATHS);
    let more = counted.paths.len().saturating_sub(named.len());
    let mut parts: Vec<Text> = named.iter().map(|(path, times)| code(path).and(format!(" {times}"))).collect();
    if more > 0 {
        parts.push(plain(count(more as u64, "other file")));
    }
    let of = |cause| counted.causes.get(&cause).copied().unwrap_or(0);
    for (cause, words) in [
        (HistoryCause::Dockerfile, "the Dockerfile"),
        (HistoryCause::Outside, "other images or downloads"),
        (HistoryCause::NoRecords, "no records"),
    ] {
        if of(cause) > 0 {
            parts.push(plain(format!("{words} {}", of(cause))));
        }
    }
    Text::join(parts, ", ").in_tone(Tone::Dim)
}

/// Each step at the newest commits that build.
fn matrix(report: &CacheHistoryReport, table: &HistoryTable) -> Chart {
    let built = report.commits.iter().zip(&table.rows).filter_map(|(commit, row)| match row {
        CommitRow::Built(verdicts) => Some((commit, verdicts)),
        _ => None,
    });
    let mut built: Vec<_> = built.take(MATRIX_COMMITS).collect();
    built.reverse();
    let all = table.builds();
    let of = if all > built.len() { format!(" of {}", grouped(all as u64)) } else { String::new() };
    let row = |(index, step): (usize, &HistoryStep)| MatrixRow {
        name: format!("{}  {}", step.line, step.name),
        cells: built.iter().map(|(_, verdicts)| state(verdicts.get(index).copied().flatten())).collect(),
    };
    Chart::Matrix {
        name: format!("Steps at the newest {}{of} commits, the newest on the right", built.len()),
        rows: table.visible_steps().map(row).collect(),
        columns: built.iter().map(|(commit, _)| commit.column()).collect(),
    }
}

const fn state(verdict: Option<StepVerdict>) -> StepState {
    match verdict {
        None => StepState::Absent,
        Some(StepVerdict::Hit) => StepState::Cached,
        Some(StepVerdict::Unknown) => StepState::MayRerun,
        Some(StepVerdict::Miss) => StepState::Reruns,
    }
}

/// The commits that were not built, by reason, with the newest of each.
fn unbuilt(report: &CacheHistoryReport, table: &HistoryTable) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut remark = |is_such: &dyn Fn(&CommitRow) -> bool, what: &dyn Fn(&CommitRow) -> String| {
        let mut such = report.commits.iter().zip(&table.rows).filter(|(_, row)| is_such(row));
        let Some((commit, row)) = such.next() else { return };
        let number = count(1 + such.count() as u64, "commit");
        let id = short_commit(&commit.id);
        remarks.push(format!("not built: {number} {}, the newest {id}", what(row)));
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
    let name = &after.name;
    let remark = |step: &StepComparison| {
        format!(
            "`{}` reran in {} of {}; with `{name}` it would have been {}",
            step.name,
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
