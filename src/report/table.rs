//! Findings in rows: line, finding, costs, basis, fix. On a narrow terminal each becomes a block of its own.

use super::grid::{Cell, Column, Grid, cell, plain};
use super::layout::{Layout, TextStyle, wrap};
use super::units::{bytes, seconds};
use crate::audit::Report;
use crate::finding::{Basis, CostFrequency, Finding, Impact, ImpactKind, Safety, Saving, Severity};
use crate::text::FileId;

/// With fewer columns for the finding itself, rows become blocks.
const NARROW: usize = 30;
/// Rows without `--all`.
const ROWS: usize = 20;
/// What costs less, in bytes and in seconds, is shown only with `--all`.
const LEAST_BYTES: u64 = 100_000;
const LEAST_SECONDS: f64 = 0.5;
/// With fewer rows than this no remark is left out.
const FEW: usize = 10;

/// A price as people read it, a typical one with its mark; without an amount, what the cost is.
pub(super) fn cost(impact: &Impact) -> String {
    let about = if impact.saves.is_some() && impact.basis == Basis::Typical { "~" } else { "" };
    about.to_owned() + &exact_cost(impact)
}

/// The same without the mark, for formats that name the basis beside it.
pub(super) fn exact_cost(impact: &Impact) -> String {
    let amount = match impact.saves {
        Some(Saving::Bytes(amount)) => bytes(amount),
        Some(Saving::Seconds(amount)) => seconds(amount),
        Some(Saving::Reruns { reruns, builds }) => return format!("in {reruns} of {builds} commits"),
        None => return kind(impact.kind).to_owned(),
    };
    let per = match (impact.kind, impact.per) {
        (_, CostFrequency::Commit) => "per commit",
        (ImpactKind::DiskBytes, _) => "on disk",
        (ImpactKind::PullBytes, _) => "per pull",
        (ImpactKind::ContextBytes, _) => "per build",
        (ImpactKind::ColdSeconds, _) => "per cold build",
        (ImpactKind::RebuildSeconds, _) => "per rebuild",
    };
    format!("{amount} {per}")
}

/// What there is more of.
const fn kind(kind: ImpactKind) -> &'static str {
    match kind {
        ImpactKind::DiskBytes => "image size",
        ImpactKind::PullBytes => "pull size",
        ImpactKind::ContextBytes => "context size",
        ImpactKind::ColdSeconds => "build time",
        ImpactKind::RebuildSeconds => "rebuild time",
    }
}

/// How the amount is known; empty without one.
pub(super) fn basis(impact: &Impact) -> &'static str {
    if impact.saves.is_some() { impact.basis.name() } else { "" }
}

/// What a row is worth before `--all` is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A row of its own.
    Heavy,
    /// Known to cost less than 100 kB and 0.5 s.
    Cheap,
    /// A remark without a price.
    Remark,
    /// A matter of style.
    Style,
}

fn weight(finding: &Finding) -> Weight {
    let amounts: Vec<Saving> = finding.impact.iter().filter_map(|impact| impact.saves).collect();
    let is_priced = !amounts.is_empty() && amounts.len() == finding.impact.len();
    let large = |saves: &Saving| match saves {
        Saving::Bytes(amount) => *amount >= LEAST_BYTES,
        Saving::Seconds(amount) => *amount >= LEAST_SECONDS,
        Saving::Reruns { reruns, .. } => *reruns > 0,
    };
    if finding.severity == Severity::Error || amounts.iter().any(large) {
        return Weight::Heavy;
    }
    match finding.severity {
        _ if is_priced => Weight::Cheap,
        Severity::Style => Weight::Style,
        Severity::Info => Weight::Remark,
        Severity::Warning | Severity::Error => Weight::Heavy,
    }
}

/// The rows that are shown, in their order: the heavy ones, and of the remarks as many as a short table has room for. What is
/// known to be cheap, or a matter of style, nobody acts on: it waits for `--all`.
fn picked<'a>(known: &[&'a Finding], all: bool) -> Vec<&'a Finding> {
    if all {
        return known.to_vec();
    }
    let heavy = known.iter().filter(|finding| weight(finding) == Weight::Heavy).count();
    let mut room = FEW.saturating_sub(heavy);
    let mut rows = Vec::new();
    for finding in known {
        let weight = weight(finding);
        if weight == Weight::Heavy || (weight == Weight::Remark && room > 0) {
            room -= usize::from(weight == Weight::Remark);
            rows.push(*finding);
        }
    }
    rows.truncate(ROWS);
    rows
}

/// What a row has; a finding's text ends with the rule's name in brackets, with which it begins in `lint`.
const HEAD: [&str; 5] = ["line", "finding", "costs", "basis", "fix"];
const COLUMNS: [Column; 5] = [Column::Left, Column::Wrapped, Column::Left, Column::Left, Column::Left];

/// The rows of some findings, and a line that tells how many are not shown.
pub(super) fn table(
    report: &Report,
    dockerfile: Option<FileId>,
    findings: &[usize],
    layout: Layout,
    all: bool,
) -> String {
    let known: Vec<&Finding> = findings.iter().filter_map(|index| report.findings.get(*index)).collect();
    let visible = picked(&known, all);
    let rows: Vec<Vec<Cell>> = visible.iter().map(|finding| row(report, dockerfile, finding)).collect();
    let grid = Grid { columns: &COLUMNS, head: &HEAD, rows: &rows, indent: 2 };
    let is_narrow = grid.room_of(1, layout) < NARROW;
    let mut out = if is_narrow { blocks(&rows, layout) } else { grid.write(layout) };
    let hidden = known.len() - rows.len();
    if hidden > 0 {
        let cheap = known.iter().filter(|finding| weight(finding) == Weight::Cheap).count();
        // Only what is known to be cheap is left out: that can be said.
        let below = if rows.len() < ROWS && cheap >= hidden && rows.len() + cheap == known.len() {
            " below 100 kB and 0.5 s"
        } else {
            ""
        };
        out.push_str(&format!("  … {hidden} more{below} (--all)\n"));
    }
    out
}

fn row(report: &Report, dockerfile: Option<FileId>, finding: &Finding) -> Vec<Cell> {
    let source = report.sources.get(finding.file.0 as usize);
    let line = source.map(|source| source.line(finding.span.start));
    let line = match (line, dockerfile == Some(finding.file)) {
        (Some(line), true) => line.to_string(),
        // Where all rows are of other files, there is no such column.
        _ if dockerfile.is_none() => String::new(),
        _ => "–".into(),
    };
    let elsewhere = if dockerfile == Some(finding.file) { None } else { source };
    let place = elsewhere.map(|source| format!("{}:{}: ", source.name(), source.line(finding.span.start)));
    let priced = Report::price(finding).map(|impact| (cost(impact), basis(impact)));
    let (costs, basis) = priced.unwrap_or_default();
    let text = format!("{}{} ", place.unwrap_or_default(), finding.message);
    let text = cell(text, style(finding.severity)).with_tail(&format!("[{}]", finding.rule));
    vec![plain(line), text, plain(costs), plain(basis), plain(fix(finding))]
}

/// How a finding can be fixed, in the column `fix`.
pub(super) fn fix(finding: &Finding) -> &'static str {
    match finding.fixes.first().map(|fix| &fix.safety) {
        Some(Safety::Safe) => "safe",
        Some(Safety::Unsafe(_)) => "unsafe",
        None => "",
    }
}

/// The style of a finding's message.
pub(super) const fn style(severity: Severity) -> TextStyle {
    match severity {
        Severity::Error => TextStyle::Error,
        Severity::Warning => TextStyle::Warning,
        Severity::Info | Severity::Style => TextStyle::Plain,
    }
}

/// Whether a finding costs so little that it is shown only with `--all`.
pub(super) fn is_cheap(finding: &Finding) -> bool {
    matches!(weight(finding), Weight::Cheap | Weight::Style)
}

/// What is left of columns where the terminal is too narrow for them.
fn blocks(rows: &[Vec<Cell>], layout: Layout) -> String {
    let mut out = String::new();
    let room = layout.columns() - 4;
    for row in rows {
        let [line, finding, costs, basis, fix] = &row[..] else { continue };
        let place =
            if line.text == "–" || line.text.is_empty() { String::new() } else { format!("line {}: ", line.text) };
        for (index, text) in wrap(&format!("{place}{}", finding.text), room).into_iter().enumerate() {
            let indent = if index == 0 { "  " } else { "    " };
            out.push_str(&format!("{indent}{}\n", finding.paint(&text, layout)));
        }
        let fix = if fix.text.is_empty() { String::new() } else { format!("fix: {}", fix.text) };
        let mut facts = vec![costs.text.as_str(), &basis.text, &fix];
        facts.retain(|fact| !fact.is_empty());
        if !facts.is_empty() {
            for text in wrap(&facts.join(", "), room) {
                out.push_str(&format!("    {}\n", layout.paint(TextStyle::Dim, &text)));
            }
        }
    }
    out
}
