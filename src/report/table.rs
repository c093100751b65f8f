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
/// With fewer rows than this nothing is left out.
const FEW: usize = 10;

/// A price as people read it; without an amount, what it would be an amount of.
pub(super) fn cost(impact: &Impact) -> String {
    let amount = match (impact.saves, impact.kind) {
        (Some(Saves::Bytes(amount)), _) => bytes(amount),
        (Some(Saves::Seconds(amount)), _) => seconds(amount),
        (None, ImpactKind::ColdSeconds | ImpactKind::RebuildSeconds) => "time".into(),
        (None, _) => "bytes".into(),
    };
    let per = match (impact.kind, impact.per) {
        (_, Per::Commit) => "per commit",
        (ImpactKind::DiskBytes, _) => "on disk",
        (ImpactKind::PullBytes, _) => "per pull",
        (ImpactKind::ContextBytes, _) => "per build",
        (ImpactKind::ColdSeconds, _) => "per cold build",
        (ImpactKind::RebuildSeconds, _) => "per rebuild",
    };
    format!("{amount} {per}")
}

/// How the amount is known.
pub(super) fn basis(impact: &Impact) -> &'static str {
    if impact.saves.is_some() { impact.basis.name() } else { "unknown" }
}

/// What a row is worth before `--all` is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A row of its own.
    Heavy,
    /// Known to cost less than 1 MB and 1 s.
    Cheap,
    /// A remark without a price.
    Remark,
}

fn weight(finding: &Finding) -> Weight {
    let amounts: Vec<Saves> = finding.impact.iter().filter_map(|impact| impact.saves).collect();
    let large = |saves: &Saves| match saves {
        Saves::Bytes(amount) => *amount >= 1_000_000,
        Saves::Seconds(amount) => *amount >= 1.0,
    };
    if finding.severity == Severity::Error || amounts.iter().any(large) {
        return Weight::Heavy;
    }
    match (amounts.is_empty(), finding.severity >= Severity::Warning) {
        (false, _) => Weight::Cheap,
        (true, true) => Weight::Heavy,
        (true, false) => Weight::Remark,
    }
}

/// The rows that are shown, in their order: the heavy ones, and of the rest as many as a short table has room for.
fn picked<'a>(known: &[&'a Finding], all: bool) -> Vec<&'a Finding> {
    if all {
        return known.to_vec();
    }
    let heavy = known.iter().filter(|finding| weight(finding) == Weight::Heavy).count();
    let mut room = FEW.saturating_sub(heavy);
    let mut rows = Vec::new();
    for finding in known {
        let heavy = weight(finding) == Weight::Heavy;
        if heavy || room > 0 {
            room -= usize::from(!heavy);
            rows.push(*finding);
        }
    }
    rows.truncate(ROWS);
    rows
}

struct Row {
    line: String,
    finding: String,
    costs: String,
    basis: &'static str,
    fix: &'static str,
    /// In brackets behind the text, as `lint` has it before.
    rule: String,
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
    let shown = picked(&known, all);
    let rows: Vec<Row> = shown.iter().map(|finding| row(report, dockerfile, finding)).collect();
    let mut out = columns(&rows, layout).unwrap_or_else(|| blocks(&rows, layout));
    let hidden = known.len() - rows.len();
    if hidden > 0 {
        let cheap = known.iter().filter(|finding| weight(finding) == Weight::Cheap).count();
        // Only what is known to be cheap is left out: that can be said.
        let below = if rows.len() < ROWS && cheap >= hidden && rows.len() + cheap == known.len() {
            " below 1 MB and 1 s"
        } else {
            ""
        };
        out.push_str(&format!("  … {hidden} more{below} (--all)\n"));
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
    let priced = Report::price(finding).map(|impact| (cost(impact), basis(impact)));
    let (costs, basis) = priced.unwrap_or_default();
    let rule = format!("[{}]", finding.rule);
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
    let text = format!("{}{} {rule}", place.unwrap_or_default(), finding.message);
    Row { line, finding: clean(&text).into_owned(), costs, basis, fix, rule, tone }
}

/// A line of a finding's text in its tone, the rule's name at its end of little weight.
fn painted(row: &Row, line: &str, layout: Layout) -> String {
    match line.strip_suffix(&*row.rule) {
        Some(text) => format!("{}{}", layout.paint(row.tone, text), layout.paint(Tone::Dim, &row.rule)),
        None => layout.paint(row.tone, line),
    }
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
        let blanks = " ".repeat(finding.saturating_sub(width(&first)));
        let mut text = format!("  {}  {}{blanks}", pad(&row.line, line), painted(row, &first, layout));
        for ((_, cell), width) in cells.iter().zip(&widths) {
            text.push_str(&format!("  {}", pad(cell(row), *width)));
        }
        out.push_str(text.trim_end());
        out.push('\n');
        for more in texts {
            out.push_str(&format!("  {}  {}\n", pad("", line), painted(row, &more, layout)));
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
            out.push_str(&format!("{indent}{}\n", painted(row, &line, layout)));
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
