//! The record of a project: trends as sparklines, and the commits that made a figure worse.

use super::comparison::{amount, signed};
use super::json;
use super::layout::cut;
use super::page::{Block, Chart, Column, Page, Section, Table, Text, Tone, TrendPoint, number, plain, toned};
use super::units::count;
use crate::results::{HistoryRecord, ProjectHistory, Regression, Trend};
use crate::text::short_commit;
use crate::wire::{Head, list, object};

/// Values of a sparkline.
const LONGEST: usize = 40;

/// Columns of an instruction.
const WIDEST: usize = 300;

/// Regressions that are listed for people.
const MOST_REGRESSIONS: usize = 20;

/// Values as blocks of eight heights, from zero to the highest: a change looks as large as it is. A missing one is a dot.
pub(super) fn sparkline(values: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values = &values[values.len().saturating_sub(LONGEST)..];
    let most = values.iter().copied().flatten().fold(0.0, f64::max);
    #[allow(clippy::cast_sign_loss, reason = "from 0 to 7")]
    let block = |value: f64| {
        let height = if most > 0.0 { (value / most * 7.0).round() as usize } else { 0 };
        BLOCKS[height.min(7)]
    };
    values.iter().map(|value| value.map_or('·', block)).collect()
}

/// The trends without those of which another command has all values too.
fn people_trends(history: &ProjectHistory) -> Vec<Trend> {
    let mut kept: Vec<Trend> = Vec::new();
    for trend in history.trends() {
        let is_covered = kept.iter().any(|other| is_same_figure(other, &trend) && has_values_of(other, &trend));
        if !is_covered {
            kept.push(trend);
        }
    }
    kept
}

fn is_same_figure(trend: &Trend, other: &Trend) -> bool {
    let kind = |trend: &Trend| trend.kind.as_ref().map(|(kind, _)| *kind);
    trend.build == other.build && kind(trend) == kind(other)
}

fn has_values_of(trend: &Trend, other: &Trend) -> bool {
    trend.values.iter().zip(&other.values).all(|(value, other)| value.is_some() || other.is_none())
}

/// What a trend is of; with the command if another one knows the same figure.
fn title(trend: &Trend, trends: &[Trend]) -> String {
    let Some((kind, command)) = &trend.kind else { return "findings".to_owned() };
    let several = trends.iter().filter(|other| is_same_figure(trend, other)).count() > 1;
    if several { format!("{} ({})", kind.title(), command) } else { kind.title().to_owned() }
}

fn format_value(trend: &Trend, value: f64) -> String {
    trend.kind.as_ref().map_or_else(|| value.to_string(), |(kind, _)| amount(kind.unit(), value))
}

/// The first and the last value.
fn ends(trend: &Trend) -> (String, String) {
    let mut known = trend.values.iter().copied().flatten();
    let first = known.next();
    let last = known.next_back().or(first);
    let text = |value: Option<f64>| value.map(|value| format_value(trend, value)).unwrap_or_default();
    (text(first), text(last))
}

/// What a regression is: `+210 MB in a1b2c3d: COPY models/, line 14 (api/Dockerfile)`.
fn sentence(history: &ProjectHistory, regression: &Regression) -> Text {
    let record = history.records.get(regression.record);
    let change = signed(regression.kind.unit(), regression.change);
    let text = number(change).and(format!(" {} in ", regression.kind.title())).and_code(record.map_or("", name));
    let text = match &regression.cause {
        Some(cause) => {
            let line = cause.line.map(|line| format!(", line {line}")).unwrap_or_default();
            text.and(": ").and_code(cut(&cause.instruction, WIDEST)).and(line)
        }
        None => text,
    };
    text.and(format!(" ({})", regression.build))
}

/// The commit of a run, or its time.
fn name(record: &HistoryRecord) -> &str {
    record.commit.as_deref().map_or(record.time.as_str(), short_commit)
}

/// The figures of a build: a table, and a picture of each.
fn section(history: &ProjectHistory, group: &[Trend], trends: &[Trend]) -> Section {
    let build = group.first().map_or("", |trend| trend.build.as_str());
    let rows = group.iter().map(|trend| {
        let (first, last) = ends(trend);
        vec![plain(title(trend, trends)), plain(sparkline(&trend.values)), number(first), number(last)]
    });
    let columns = [Column::Words, Column::Path, Column::Right, Column::Right];
    let table = Table::new(&columns, rows.collect()).with_head(&["", "trend", "first", "last"]);
    let title_of_group = if build.is_empty() { "The project" } else { build };
    let mut section = Section::new(toned(title_of_group, Tone::Strong)).with(table);
    // One value is no line.
    for trend in group.iter().filter(|trend| trend.values.iter().flatten().count() > 1) {
        let points = trend.values.iter().zip(history.runs()).map(|(value, record)| TrendPoint {
            name: name(record).to_owned(),
            value: *value,
            text: value.map(|value| format_value(trend, value)).unwrap_or_default(),
        });
        section.push(Chart::Trend { name: title(trend, trends), points: points.collect() });
    }
    section
}

/// The record of a project: a picture and a row for each figure.
pub fn history(history: &ProjectHistory) -> Page {
    let mut page = Page::new("History");
    page.blocks = blocks(history);
    page
}

/// How many runs there are, the trends, and what made a figure worse.
pub(super) fn blocks(history: &ProjectHistory) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![plain(count(history.runs().len() as u64, "run")).into()];
    let trends = people_trends(history);
    for group in trends.chunk_by(|trend, next| trend.build == next.build) {
        blocks.push(section(history, group, &trends).into());
    }
    let regressions = history.regressions();
    let mut rows: Vec<Text> =
        regressions.iter().take(MOST_REGRESSIONS).map(|regression| sentence(history, regression)).collect();
    if regressions.is_empty() {
        rows.push(plain("no run made a figure worse"));
    }
    if let Some(hidden) = regressions.len().checked_sub(MOST_REGRESSIONS).filter(|hidden| *hidden > 0) {
        rows.push(plain(format!("… {hidden} more (--format json)")));
    }
    // Without a title it would be read as part of the section above it.
    blocks.push(Section::new(toned("Changes for the worse", Tone::Strong)).with(Block::List(rows)).into());
    blocks
}

/// The record for programs, as `schemas/history.schema.json` describes it.
pub fn history_json(history: &ProjectHistory) -> String {
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.history/1", "."),
        runs: list(history.runs(), |record| object! { time: &record.time, commit: record.commit.as_deref() }),
        trends: list(history.trends(), |trend| {
            let (kind, command) = trend.kind.unzip();
            object! { build: Some(trend.build).filter(|build| !build.is_empty()), kind, command, values: trend.values }
        }),
        regressions: list(history.regressions(), |item| {
            let (instruction, line) = item.cause.map(|cause| (cause.instruction, cause.line)).unzip();
            object! {
                run: item.record - history.earlier.min(item.record),
                commit: history.records.get(item.record).and_then(|record| record.commit.as_deref()),
                build: item.build,
                kind: item.kind,
                change: item.change,
                instruction,
                line: line.flatten(),
            }
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_begin_at_zero() {
        assert_eq!(sparkline(&[Some(0.0), None, Some(4.0), Some(8.0)]), "▁·▅█");
        assert_eq!(sparkline(&[None, Some(1000.0), Some(1002.0), Some(998.0)]), "·███", "0.2 % are no drop");
        assert_eq!(sparkline(&[Some(1000.0), Some(190.0)]), "█▂", "81 % are one");
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&vec![Some(1.0); 500]).chars().count(), LONGEST);
    }
}
