//! Pictures as HTML that a browser lays out itself: bars are boxes whose widths are parts of a whole. A script adds zoom and
//! search; without it they are read as they are.

use maud::{Markup, html};

use super::clean_text;
use crate::report::page::{Chart, IcicleMark, IcicleNode, MatrixRow, StepState, TimelineRow, TrendPoint};
use crate::report::units::{bytes, seconds};

pub(super) fn draw(chart: &Chart) -> Markup {
    match chart {
        Chart::Icicle { name, layers } => draw_icicle(name, layers),
        Chart::Timeline { name, rows } => draw_timeline(name, rows),
        Chart::Matrix { name, columns, rows } => draw_matrix(name, columns, rows),
        Chart::Trend { name, points } => draw_trend(name, points),
    }
}

/// What is said of a chart that only the eye can read.
fn figure(class: &str, name: &str, body: &Markup) -> Markup {
    html! { figure class={"chart " (class)} { figcaption { (clean_text(name)) } (body) } }
}

/// A share in thousandths of a percent: as exact as a wide screen is.
fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { (part / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    format!("{share:.3}")
}

#[allow(clippy::cast_precision_loss, reason = "widths of boxes")]
const fn size(node: &IcicleNode) -> f64 {
    node.bytes as f64
}

fn draw_icicle(name: &str, layers: &[IcicleNode]) -> Markup {
    html! { (figure("icicle", name, &html! {
        div.rows { @for layer in layers { (draw_node(layer, size(layer))) } }
    })) }
}

/// A box and its parts, as a list in lists.
fn draw_node(node: &IcicleNode, whole: f64) -> Markup {
    let mark = match node.mark {
        IcicleMark::Used => None,
        IcicleMark::Wasted => Some("wasted"),
        IcicleMark::Duplicate => Some("duplicate"),
    };
    html! {
        div.node class=[mark] data-bytes=(node.bytes) data-share=(percent(size(node), whole)) {
            span.label { (clean_text(&node.name)) " " (bytes(node.bytes)) }
            @if !node.parts.is_empty() { div.parts { @for part in &node.parts { (draw_node(part, size(node))) } } }
        }
    }
}

fn draw_timeline(name: &str, rows: &[TimelineRow]) -> Markup {
    let end = rows.iter().map(|row| row.start + row.seconds).fold(0.0, f64::max);
    figure(
        "timeline",
        name,
        &html! {
            ul { @for row in rows {
                li { (clean_text(&row.name)) " " (seconds(row.seconds)) " " (percent(row.start, end)) (clean_text(&row.note))
                    @if row.is_critical { " critical" } }
            } }
        },
    )
}

fn draw_matrix(name: &str, columns: &[String], rows: &[MatrixRow]) -> Markup {
    let word = |state: StepState| match state {
        StepState::Unknown => "unknown",
        StepState::Cached => "cached",
        StepState::Reruns => "reruns",
    };
    figure(
        "matrix",
        name,
        &html! {
            table { thead { tr { td {} @for column in columns { th scope="col" { (clean_text(column)) } } } }
                tbody { @for row in rows { tr {
                    th scope="row" { (clean_text(&row.name)) }
                    @for state in &row.cells { td class=(word(*state)) { (word(*state)) } }
                } } } }
        },
    )
}

fn draw_trend(name: &str, points: &[TrendPoint]) -> Markup {
    figure(
        "trend",
        name,
        &html! {
            ul { @for point in points { @if point.value.is_some() { li { (clean_text(&point.name)) " " (clean_text(&point.text)) } } } }
        },
    )
}
