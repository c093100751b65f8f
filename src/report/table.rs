//! Findings in rows: line, finding, costs, basis, fix. On a narrow terminal each becomes a block of its own.

use super::layout::{Layout, Tone, clean, pad, width, wrap};
use super::units::{bytes, seconds};
use crate::audit::Report;
use crate::finding::{Finding, Impact, ImpactKind, Per, Safety, Saves, Severity};
use crate::text::FileId;

/// With fewer columns for the finding itself, rows become blocks.
const NARROW: usize = 30;
/// Rows without `--all`.
const ROWS: usize = 20;

/// A price as people read it; `None` where the amount is not known.
pub(super) fn cost(impact: &Impact) -> Option<String> {
    let amount = match impact.saves? {
        Saves::Bytes(amount) => bytes(amount),
        Saves::Seconds(amount) => seconds(amount),
    };
    let per = match (impact.kind, impact.per) {
        (_, Per::Commit) => " per commit",
        (ImpactKind::DiskBytes, _) => "",
        (ImpactKind::PullBytes, _) => " per pull",
        (ImpactKind::ContextBytes, _) => " per build",
        (ImpactKind::ColdSeconds, _) => " per cold build",
        (ImpactKind::RebuildSeconds, _) => " per rebuild",
    };
    Some(format!("{amount}{per}"))
}

/// Whether a finding is worth a row before `--all` is asked for: what costs little, and remarks without a price, wait.
fn weighty(finding: &Finding) -> bool {
    let amounts = finding.impact.iter().filter_map(|impact| impact.saves);
    let mut known = false;
    for amount in amounts {
        known = true;
        let large = match amount {
            Saves::Bytes(amount) => amount >= 1_000_000,
            Saves::Seconds(amount) => amount >= 1.0,
        };
        if large {
            return true;
        }
    }
    finding.severity == Severity::Error || (!known && finding.severity >= Severity::Warning)
}

struct Row {
    line: String,
    finding: String,
    costs: String,
    basis: &'static str,
    fix: &'static str,
    tone: Tone,
}

/// The rows of some findings, and a line that tells how many are not shown.
pub(super) fn table(
    report: &Report,
    dockerfile: Option<FileId>,
    findings: &[usize],
    layout: Layout,
    all: bool,
) -> String {
    let known: Vec<&Finding> = findings.iter().filter_map(|index| report.findings.get(*index)).collect();
    let picked = known.iter().filter(|finding| all || weighty(finding));
    let rows: Vec<Row> = picked.take(if all { usize::MAX } else { ROWS }).map(|f| row(report, dockerfile, f)).collect();
    let hidden = known.len() - rows.len();
    let mut out = columns(&rows, layout).unwrap_or_else(|| blocks(&rows, layout));
    if hidden > 0 {
        out.push_str(&format!("  … {hidden} more (--all)\n"));
    }
    out
}

/// A column's text.
type Cell = fn(&Row) -> &str;

fn row(report: &Report, dockerfile: Option<FileId>, finding: &Finding) -> Row {
    let source = report.sources.get(finding.file.0 as usize);
    let line = source.map(|source| source.line(finding.span.start));
    let line = match (line, dockerfile == Some(finding.file)) {
        (Some(line), true) => line.to_string(),
        _ => "–".into(),
    };
    let elsewhere = source.filter(|_| dockerfile != Some(finding.file));
    let place = elsewhere.map(|source| format!("{}:{}: ", source.name(), source.line(finding.span.start)));
    let priced = Report::price(finding).and_then(|impact| Some((cost(impact)?, impact.basis.name())));
    let (costs, basis) = priced.unwrap_or_default();
    let fix = match finding.fixes.first().map(|fix| &fix.safety) {
        Some(Safety::Safe) => "safe",
        Some(Safety::Unsafe(_)) => "unsafe",
        None => "",
    };
    let tone = match finding.severity {
        Severity::Error => Tone::Error,
        Severity::Warning => Tone::Warning,
        Severity::Info | Severity::Style => Tone::Plain,
    };
    let text = format!("{}{}", place.unwrap_or_default(), finding.message);
    Row { line, finding: clean(&text).into_owned(), costs, basis, fix, tone }
}

/// `None` where the terminal is too narrow for columns.
fn columns(rows: &[Row], layout: Layout) -> Option<String> {
    if rows.is_empty() {
        return Some(String::new());
    }
    let widest = |title: &str, cell: fn(&Row) -> &str| {
        rows.iter().map(|row| width(cell(row))).max().unwrap_or(0).max(width(title))
    };
    let line = widest("line", |row| &row.line);
    let mut cells: Vec<(&str, Cell)> = Vec::new();
    // A column in which nothing is known tells nothing.
    if rows.iter().any(|row| !row.costs.is_empty()) {
        cells.extend([("costs", (|row| &row.costs) as Cell), ("basis", |row| row.basis)]);
    }
    cells.push(("fix", |row| row.fix));
    let widths: Vec<usize> = cells.iter().map(|(title, cell)| widest(title, *cell)).collect();
    let around = 4 + line + widths.iter().map(|width| width + 2).sum::<usize>();
    let room = layout.columns().checked_sub(around).filter(|room| *room >= NARROW)?;
    let finding = widest("finding", |row| &row.finding).min(room);
    let mut head = format!("  {}  {}", pad("line", line), pad("finding", finding));
    for ((title, _), width) in cells.iter().zip(&widths) {
        head.push_str(&format!("  {}", pad(title, *width)));
    }
    let mut out = format!("{}\n", layout.paint(Tone::Dim, head.trim_end()));
    for row in rows {
        let mut texts = wrap(&row.finding, finding).into_iter();
        let first = texts.next().unwrap_or_default();
        let mut text = format!("  {}  {}", pad(&row.line, line), layout.paint(row.tone, &pad(&first, finding)));
        for ((_, cell), width) in cells.iter().zip(&widths) {
            text.push_str(&format!("  {}", pad(cell(row), *width)));
        }
        out.push_str(text.trim_end());
        out.push('\n');
        for more in texts {
            out.push_str(&format!("  {}  {}\n", pad("", line), layout.paint(row.tone, &more)));
        }
    }
    Some(out)
}

fn blocks(rows: &[Row], layout: Layout) -> String {
    let mut out = String::new();
    let room = layout.columns() - 4;
    for row in rows {
        let text = if row.line == "–" { row.finding.clone() } else { format!("line {}: {}", row.line, row.finding) };
        for (index, line) in wrap(&text, room).into_iter().enumerate() {
            let indent = if index == 0 { "  " } else { "    " };
            out.push_str(&format!("{indent}{}\n", layout.paint(row.tone, &line)));
        }
        let fix = if row.fix.is_empty() { String::new() } else { format!("fix: {}", row.fix) };
        let facts = [row.costs.as_str(), row.basis, &fix];
        let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        if !facts.is_empty() {
            for line in wrap(&facts.join(", "), room) {
                out.push_str(&format!("    {}\n", layout.paint(Tone::Dim, &line)));
            }
        }
    }
    out
}
