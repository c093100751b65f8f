//! The record of a project: trends as sparklines, and the commits that made a figure worse.

use super::comparison::{amount, signed};
use super::format::escape::{markdown, markdown_code};
use super::grid::{Column, Grid, plain};
use super::json;
use super::layout::{Layout, TextStyle, clean, cut};
use super::units::count;
use crate::results::{ProjectHistory, Regression, Trend};
use crate::text::short_commit;
use crate::wire::{Head, list, object};

/// Values of a sparkline.
const LONGEST: usize = 60;

/// Columns of an instruction.
const WIDEST: usize = 80;

/// Regressions that are listed for people.
const MOST_REGRESSIONS: usize = 20;

/// Values as blocks of eight heights: the least is the lowest, a missing one a blank.
fn sparkline(values: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values = &values[values.len().saturating_sub(LONGEST)..];
    let known = || values.iter().copied().flatten();
    let least = known().fold(f64::INFINITY, f64::min);
    let range = known().fold(f64::NEG_INFINITY, f64::max) - least;
    #[allow(clippy::cast_sign_loss, reason = "from 0 to 7")]
    let block = |value: f64| {
        let height = if range > 0.0 { ((value - least) / range * 7.0).round() as usize } else { 0 };
        BLOCKS[height.min(7)]
    };
    values.iter().map(|value| value.map_or(' ', block)).collect()
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
    if several { format!("{} ({})", kind.title(), clean(command)) } else { kind.title().to_owned() }
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

/// What a regression is: `+210 MB in a1b2c3d: COPY models/, line 14`.
fn sentence(history: &ProjectHistory, regression: &Regression, code: impl Fn(&str) -> String) -> String {
    let record = history.records.get(regression.record);
    let change = signed(regression.kind.unit(), regression.change);
    let commit = record.and_then(|record| record.commit.as_deref()).map(short_commit);
    let commit = commit.or(record.map(|record| record.time.as_str())).unwrap_or_default();
    let cause = regression.cause.as_ref().map(|cause| {
        let line = cause.line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!(": {}{line}", code(&cut(&cause.instruction, WIDEST)))
    });
    format!("{change} {} in {}{}", regression.kind.title(), code(commit), cause.unwrap_or_default())
}

/// The record for people.
pub fn history(history: &ProjectHistory, layout: Layout) -> String {
    let mut out = format!("{}\n", count(history.runs().len() as u64, "run"));
    let mut build: Option<String> = None;
    let trends = people_trends(history);
    for group in trends.chunk_by(|trend, next| trend.build == next.build) {
        let name = group.first().map_or("", |trend| trend.build.as_str());
        if !name.is_empty() && build.as_deref() != Some(name) {
            out.push_str(&format!("\n{}\n", layout.paint(TextStyle::Strong, &clean(name))));
            build = Some(name.to_owned());
        } else {
            out.push('\n');
        }
        let mut rows = Vec::new();
        for trend in group {
            let (first, last) = ends(trend);
            rows.push(vec![
                plain(title(trend, &trends)),
                plain(sparkline(&trend.values)),
                plain(first),
                plain("→"),
                plain(last),
            ]);
        }
        let columns = [Column::Left, Column::Left, Column::Right, Column::Left, Column::Right];
        out.push_str(&Grid { columns: &columns, head: &[], rows: &rows, indent: 2 }.write(layout));
    }
    let regressions = history.regressions();
    if regressions.is_empty() {
        return out + "\nno run made a figure worse\n";
    }
    out.push('\n');
    for regression in regressions.iter().take(MOST_REGRESSIONS) {
        let text = sentence(history, regression, |text| format!("`{}`", clean(text)));
        out.push_str(&format!("{text} ({})\n", clean(&regression.build)));
    }
    out + &hidden(regressions.len())
}

fn hidden(all: usize) -> String {
    match all.saturating_sub(MOST_REGRESSIONS) {
        0 => String::new(),
        hidden => format!("… {hidden} more (--format json)\n"),
    }
}

/// The record in Markdown.
pub fn history_markdown(history: &ProjectHistory) -> String {
    let mut out = "| build | figure | trend | first | last |\n|---|---|---|--:|--:|\n".to_owned();
    let trends = people_trends(history);
    for trend in &trends {
        let (first, last) = ends(trend);
        let build = if trend.build.is_empty() { String::new() } else { markdown_code(&trend.build) };
        out.push_str(&format!(
            "| {build} | {} | {} | {first} | {last} |\n",
            markdown(&title(trend, &trends)),
            sparkline(&trend.values)
        ));
    }
    let regressions = history.regressions();
    if !regressions.is_empty() {
        out.push('\n');
    }
    for regression in regressions.iter().take(MOST_REGRESSIONS) {
        let text = sentence(history, regression, markdown_code);
        out.push_str(&format!("- {text} ({})\n", markdown(&regression.build)));
    }
    out + &hidden(regressions.len())
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
    fn sparklines_show_the_range() {
        assert_eq!(sparkline(&[Some(1.0), None, Some(4.5), Some(8.0)]), "▁ ▅█");
        assert_eq!(sparkline(&[Some(5.0), Some(5.0)]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&vec![Some(1.0); 500]).chars().count(), LONGEST);
    }
}
