//! Pictures as HTML that a browser lays out itself: bars are boxes whose widths are parts of a whole. A script adds zoom and
//! search; without it they are read as they are.

use maud::{Markup, html};

use crate::report::format::escape::masked;
use crate::report::page::{
    Chart, IcicleMark, IcicleNode, MatrixColumn, MatrixRow, StepState, TimelineMark, TimelineRow, TrendPoint,
};
use crate::report::units::{bytes, count, seconds};

pub(super) fn draw(chart: &Chart) -> Markup {
    match chart {
        Chart::Icicle { name, layers } => draw_icicle(name, layers),
        Chart::Timeline { name, rows } => draw_timeline(name, rows),
        Chart::Matrix { name, columns, rows } => draw_matrix(name, columns, rows),
        Chart::Trend { name, points } => draw_trend(name, points),
    }
}

/// A share in percent, as exact as a wide screen is.
fn percent(part: f64, whole: f64) -> f64 {
    let share = if whole > 0.0 { (part / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    (share * 100.0).round() / 100.0
}

#[allow(clippy::cast_precision_loss, reason = "widths of boxes")]
const fn size(node: &IcicleNode) -> f64 {
    node.bytes as f64
}

fn draw_icicle(name: &str, layers: &[IcicleNode]) -> Markup {
    let largest = layers.iter().map(size).fold(0.0, f64::max);
    html! {
        figure.chart.icicle {
            figcaption {
                (masked(name))
                span.key aria-hidden="true" {} "kept"
                span.key.wasted aria-hidden="true" {} "deleted or overwritten later"
                span.key.duplicate aria-hidden="true" {} "stored more than once"
            }
            div.tools {
                label { span.hidden { "Search for a path" } input type="search" placeholder="Search for a path"; }
                button type="button" data-do="out" { "Zoom out" }
                output aria-live="polite" {}
                span.dim { "Arrow keys move, Page Down to the next layer; Enter zooms, Escape goes back." }
            }
            div.rows role="tree" aria-label=(masked(name)) { @for (number, layer) in layers.iter().enumerate() {
                div.layer role="none" {
                    div.made role="none" {
                        span.strong { (masked(&layer.line)) } " " (masked(&layer.name)) ", " (bytes(layer.bytes))
                        code title=(masked(&layer.about)) { (masked(&layer.about)) }
                    }
                    div.bar role="none" { (draw_node(layer, percent(size(layer), largest), true, number == 0)) }
                }
            } }
        }
    }
}

/// A box and its parts. `share`: percent of the row that a layer takes; parts take shares of their whole.
fn draw_node(node: &IcicleNode, share: f64, is_layer: bool, is_first: bool) -> Markup {
    let (class, word) = match node.mark {
        IcicleMark::Used => ("node", ""),
        IcicleMark::Wasted => ("node wasted", ", wasted"),
        IcicleMark::Duplicate => ("node duplicate", ", duplicate"),
    };
    let style = if is_layer { format!("width:{share}%") } else { format!("flex:{}", node.bytes.max(1)) };
    let name = masked(&node.name);
    let size = bytes(node.bytes);
    html! {
        div class=(class) role="treeitem" aria-selected="false" tabindex=(if is_first { "0" } else { "-1" }) style=(style)
            title={ (name) ", " (size) (word) } {
            div.label { (name) " " (size) }
            @if !node.parts.is_empty() {
                div.parts role="group" { @for part in &node.parts { (draw_node(part, 0.0, false, false)) } }
            }
        }
    }
}

fn draw_timeline(name: &str, rows: &[TimelineRow]) -> Markup {
    let known = rows.iter().map(|row| row.start + row.seconds).fold(0.0, f64::max);
    // What takes longer than that is known of it goes on beyond.
    let end = if rows.iter().any(|row| row.is_open) { known.max(1.0) * 1.15 } else { known };
    let is_new = |at: usize| !rows[at].group.is_empty() && (at == 0 || rows[at].group != rows[at - 1].group);
    html! {
        figure.chart.timeline {
            figcaption {
                (masked(name))
                @if rows.iter().any(|row| row.is_critical) { span.key.last aria-hidden="true" {} "critical path" }
                @if rows.iter().any(|row| row.delay > 0.0) { span.key.delay aria-hidden="true" {} "delayed" }
                @if rows.iter().any(|row| row.is_open) { span.key.open aria-hidden="true" {} "takes an unknown time" }
            }
            ol {
                @for (at, row) in rows.iter().enumerate() {
                    @if is_new(at) { li.group { (masked(&row.group)) } }
                    (draw_row(row, end))
                }
                @if known > 0.0 {
                    li.axis aria-hidden="true" {
                        div.ticks style={ "width:" (percent(known, end)) "%" } { span { "0 s" } span { (seconds(known)) } }
                    }
                }
            }
        }
    }
}

/// A bar, with its name before and its time behind it.
fn draw_row(row: &TimelineRow, end: f64) -> Markup {
    let class = match row.mark {
        TimelineMark::Failed => Some("failed"),
        _ => row.is_critical.then_some("critical"),
    };
    let start = percent(row.start, end);
    let width = percent(row.seconds, end);
    html! {
        li class=[class] {
            div.what title=(masked(&row.name)) {
                (masked(&row.name))
                @if row.is_critical { span.hidden { " (on the critical path)" } }
            }
            div.track { @if row.mark != TimelineMark::Missing {
                div.span.open[row.is_open] style={ "left:" (start) "%;width:" (width) "%" } {
                    @if row.delay > 0.0 { div.delay style={ "width:" (percent(row.delay, row.seconds)) "%" } {} }
                }
            } }
            div.time {
                @if row.seconds > 0.0 || row.note.is_empty() { (seconds(row.seconds)) " " }
                (masked(&row.note))
            }
        }
    }
}

fn draw_matrix(name: &str, columns: &[MatrixColumn], rows: &[MatrixRow]) -> Markup {
    let word = |state: StepState| match state {
        StepState::Absent => None,
        StepState::Cached => Some("cached"),
        StepState::MayRerun => Some("may"),
        StepState::Reruns => Some("reruns"),
    };
    html! {
        figure.chart.matrix {
            figcaption {
                (masked(name))
                span.key.cached aria-hidden="true" {} "cached"
                span.key.reruns aria-hidden="true" {} "reruns"
                span.key.may aria-hidden="true" {} "may rerun"
            }
            div.scroll role="group" aria-label=(masked(name)) tabindex="0" { table {
                thead { tr { td {} @for column in columns {
                    th scope="col" title=(masked(&column.about)) { (masked(&column.name)) }
                } } }
                tbody { @for row in rows { tr {
                    th scope="row" title=(masked(&row.name)) { (masked(&row.name)) }
                    // The words are for those who see no colours.
                    @for cell in &row.cells { td class=[word(*cell)] { @if let Some(word) = word(*cell) { i { (word) } } } }
                } } }
            } }
        }
    }
}

fn draw_trend(name: &str, points: &[TrendPoint]) -> Markup {
    let known = || points.iter().enumerate().filter_map(|(at, point)| Some((at, point, point.value?)));
    let (Some((start, first, _)), Some((_, last, _))) = (known().next(), known().next_back()) else { return html! {} };
    let lowest = known().min_by(|a, b| a.2.total_cmp(&b.2)).map_or(first, |(_, point, _)| point);
    let highest = known().max_by(|a, b| a.2.total_cmp(&b.2)).map_or(last, |(_, point, _)| point);
    let range = match (lowest.text == highest.text, lowest.value == highest.value) {
        (true, true) => format!("always {}", highest.text),
        (true, false) => format!("always about {}", highest.text),
        (false, _) => format!("from {} to {}", lowest.text, highest.text),
    };
    let runs = count(points.len() as u64, "run");
    let what = format!("{name}: {} at first, {} at last, {range}, {runs}", first.text, last.text);
    let values: Vec<(usize, f64)> = known().map(|(at, _, value)| (at, value)).collect();
    html! {
        figure.chart.trend {
            figcaption { (masked(name)) ": " (masked(&range)) }
            div.plot {
                div.scale aria-hidden="true" { span { (masked(&highest.text)) } span { "0" } }
                svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=(masked(&what)) {
                    path d=(line(&values, points.len())) {}
                }
                div.ends {
                    span style={ "margin-left:" (column(start, points.len()).min(MOST_INDENT)) "%" } {
                        (masked(&first.name)) ": " span.number { (masked(&first.text)) }
                    }
                    span { (masked(&last.name)) ": " span.number { (masked(&last.text)) } }
                }
            }
        }
    }
}

/// Percent of the width that the label of a late start is indented by: what follows it needs room.
const MOST_INDENT: f64 = 40.0;

/// Percent of the height that the highest value takes.
const TOP: f64 = 0.95;

/// Where the value of a run stands among so many, in percent from the left.
#[allow(clippy::cast_precision_loss, reason = "places on a screen")]
fn column(at: usize, places: usize) -> f64 {
    percent(at as f64, places.saturating_sub(1) as f64)
}

/// The line through values at places of so many. Zero is at the bottom, so that a change looks as large as it is.
fn line(values: &[(usize, f64)], places: usize) -> String {
    let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let points = values.iter().map(|(at, value)| {
        let y = 100.0 - TOP * percent(*value, most);
        format!("{} {y:.2}", column(*at, places))
    });
    format!("M{}", points.collect::<Vec<_>>().join("L"))
}
