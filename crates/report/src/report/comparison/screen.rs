//! What changed, for people at a terminal.

use super::words::{
    UNCOMPARED, baseline, cause_place, change, cost, groups, limit, limit_sentence, others, place, remark, row_limits,
    signed, value, verdict,
};
use crate::report::grid::{Column, Grid, cell, plain};
use crate::report::layout::{Layout, Tone, clean, cut, wrap};
use crate::report::units::count;
use crate::results::{Comparison, Direction, FindingState};

/// Columns of an instruction.
const WIDEST: usize = 90;

/// What changed, as text.
pub fn comparison(comparison: &Comparison, fails: bool, layout: Layout) -> String {
    let tone = if fails { Tone::Error } else { Tone::Strong };
    let mut out = lines(&verdict(comparison), "", tone, layout);
    out.push('\n');
    table(&mut out, comparison, layout);
    for sentence in comparison.limits.iter().filter_map(limit_sentence) {
        out.push_str(&lines(&sentence, "  ", Tone::Plain, layout));
    }
    causes(&mut out, comparison, layout);
    let word = if comparison.baseline.is_some() { "new finding" } else { "finding" };
    list(&mut out, word, &comparison.new_findings, layout);
    list(&mut out, "fixed finding", &comparison.fixed_findings, layout);
    let uncompared = &comparison.uncompared_findings;
    if !uncompared.is_empty() {
        let title = format!("{} {UNCOMPARED}", count(uncompared.len() as u64, "finding"));
        titled_list(&mut out, &title, uncompared, layout);
    }
    if comparison.unchanged_findings > 0 {
        let unchanged = count(comparison.unchanged_findings as u64, "finding");
        out.push('\n');
        out.push_str(&lines(&format!("{unchanged} of the baseline did not change"), "", Tone::Plain, layout));
    }
    for rewrite in &comparison.rewrites {
        let verdict = rewrite.verdict.as_ref().map(|verdict| format!(": {verdict}")).unwrap_or_default();
        out.push('\n');
        out.push_str(&lines(&format!("rewrite of {}{verdict}", rewrite.file), "", Tone::Strong, layout));
        for pass in &rewrite.passes {
            out.push_str(&lines(pass, "  ", Tone::Plain, layout));
        }
    }
    if !comparison.notices.is_empty() {
        out.push('\n');
    }
    for notice in &comparison.notices {
        out.push_str(&lines(notice, "", Tone::Dim, layout));
    }
    out.push('\n');
    out + &lines(&baseline(comparison).replace('`', ""), "", Tone::Dim, layout)
}

/// A text on lines of its own; nothing of it reaches the terminal but its characters.
fn lines(text: &str, indent: &str, tone: Tone, layout: Layout) -> String {
    let text = clean(text);
    let width = layout.width.map_or(usize::MAX, |width| width.saturating_sub(indent.len()).max(20));
    let wrapped = if layout.width.is_some() { wrap(&text, width) } else { vec![text.into_owned()] };
    let mut out = String::new();
    for line in wrapped {
        out.push_str(indent);
        out.push_str(&layout.paint(tone, &line));
        out.push('\n');
    }
    out
}

fn table(out: &mut String, comparison: &Comparison, layout: Layout) {
    let Some(first) = comparison.rows.first() else { return };
    let has_before = comparison.baseline.is_some();
    let mut build = first.build.as_str();
    let mut cells = Vec::new();
    let flush = |out: &mut String, build: &str, cells: &mut Vec<Vec<_>>| {
        out.push_str(&lines(build, "", Tone::Strong, layout));
        let columns = [Column::Left, Column::Right, Column::Right, Column::Left, Column::Words];
        let head: &[&str] = if has_before { &["", "before", "after", "change", ""] } else { &[] };
        out.push_str(&Grid { columns: &columns, head, rows: &std::mem::take(cells), indent: 2 }.write(layout));
    };
    for row in &comparison.rows {
        if row.build != build {
            flush(out, build, &mut cells);
            build = &row.build;
        }
        let tone = match row.direction {
            Direction::Better => Tone::Good,
            Direction::Worse => Tone::Error,
            _ => Tone::Plain,
        };
        let limits = row_limits(comparison, row).map(limit);
        let remarks: Vec<String> = limits.chain([remark(row)]).filter(|remark| !remark.is_empty()).collect();
        cells.push(vec![
            plain(row.kind.title()),
            plain(if has_before { row.before.as_ref().map_or_else(|| "–".to_owned(), value) } else { String::new() }),
            plain(value(&row.after)),
            cell(change(row), tone),
            plain(remarks.join(", ")),
        ]);
    }
    flush(out, build, &mut cells);
}

fn causes(out: &mut String, comparison: &Comparison, layout: Layout) {
    for row in comparison.rows.iter().filter(|row| !row.causes.is_empty()) {
        out.push('\n');
        out.push_str(&lines(&format!("{}, {}", row.kind.title(), row.build), "", Tone::Strong, layout));
        for cause in &row.causes {
            let place = cause_place(cause);
            let text = format!("{} {} {place}", signed(row.kind.unit(), cause.change), cut(&cause.instruction, WIDEST));
            out.push_str(&lines(text.trim_end(), "  ", Tone::Plain, layout));
        }
    }
    for build in &comparison.state.builds {
        for miss in &build.misses {
            let line = miss.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let text = format!("reruns: {}{line}: {}", cut(&miss.name, WIDEST), miss.reason);
            out.push_str(&lines(&text, "", Tone::Plain, layout));
        }
    }
}

fn list(out: &mut String, noun: &str, findings: &[FindingState], layout: Layout) {
    if findings.is_empty() {
        return;
    }
    titled_list(out, &count(findings.len() as u64, noun), findings, layout);
}

fn titled_list(out: &mut String, title: &str, findings: &[FindingState], layout: Layout) {
    out.push('\n');
    out.push_str(&lines(title, "", Tone::Strong, layout));
    for (finding, number) in groups(findings) {
        let cost = cost(finding);
        let cost = if cost.is_empty() { cost } else { format!(" ({cost})") };
        let severity = finding.severity().name();
        let others = others(number);
        let text = format!("{}: {severity} {}: {}{others}{cost}", place(finding), finding.rule, finding.message);
        out.push_str(&lines(&text, "  ", Tone::Plain, layout));
    }
}
