//! Findings of the same rule in several files: they are shown once, with their number and each place.

use std::collections::{BTreeMap, BTreeSet};

use super::savings::savings;
use crate::audit::{Importance, Report};
use crate::finding::Finding;
use crate::report::page::{Column, Table, Text, plain, toned};
use crate::report::table;
use crate::rules;

/// Places that are named.
const PLACES: usize = 3;

/// The findings of one rule in several files, what costs most first.
pub(super) struct Repeat {
    /// Indexes into the findings of the report.
    pub(super) findings: Vec<usize>,
}

/// The rules among these findings that have some in several files; those that compare two places are said one by one.
pub(super) fn repeats(report: &Report, findings: &[usize]) -> Vec<Repeat> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in findings {
        let Some(finding) = report.findings.get(*index).filter(|finding| !table::is_comparison(finding)) else {
            continue;
        };
        groups.entry(finding.rule).or_default().push(*index);
    }
    let mut repeats: Vec<Repeat> = Vec::new();
    for mut group in groups.into_values() {
        group.sort_by(|a, b| rank(report, *b).total_cmp(&rank(report, *a)).then(a.cmp(b)));
        let files: BTreeSet<_> =
            group.iter().filter_map(|index| report.findings.get(*index)).map(|finding| finding.file).collect();
        if files.len() > 1 {
            repeats.push(Repeat { findings: group });
        }
    }
    let worth = |repeat: &Repeat| repeat.findings.iter().map(|index| rank(report, *index)).sum::<f64>();
    let importance = |repeat: &Repeat| repeat.findings.iter().map(|index| importance(report, *index)).min();
    repeats.sort_by(|a, b| importance(a).cmp(&importance(b)).then(worth(b).total_cmp(&worth(a))));
    repeats
}

/// That of the most important build with a finding; a finding in a compose file has none.
fn importance(report: &Report, index: usize) -> Importance {
    let builds = report.builds.iter().filter(|build| build.findings.contains(&index));
    builds.map(|build| build.importance).min().unwrap_or(Importance::Other)
}

fn rank(report: &Report, index: usize) -> f64 {
    report.findings.get(index).map_or(0.0, Finding::rank)
}

const HEAD: [&str; 4] = ["", "finding", "costs", "fix"];
const COLUMNS: [Column; 4] = [Column::Right, Column::Wrapped, Column::Left, Column::Left];

/// A row for each, with the places.
pub(super) fn rows(report: &Report, repeats: &[Repeat]) -> Table {
    let rows = repeats.iter().filter_map(|repeat| row(report, repeat)).collect();
    Table::new(&COLUMNS, rows).with_head(&HEAD)
}

fn row(report: &Report, repeat: &Repeat) -> Option<Vec<Text>> {
    let findings: Vec<&Finding> = repeat.findings.iter().filter_map(|index| report.findings.get(*index)).collect();
    let first = findings.first()?;
    let is_same = findings.iter().all(|finding| finding.message == first.message);
    let message = match rules::find(first.rule) {
        // What is said of one place need not hold for another.
        Some(rule) if !is_same => rule.metadata().summary,
        _ => &first.message,
    };
    let subjects: BTreeSet<_> = findings.iter().map(|finding| subject(report, finding)).collect();
    let mut places: Vec<String> =
        findings.iter().take(PLACES).map(|finding| place(report, finding, subjects.len() > 1)).collect();
    if findings.len() > PLACES {
        places.push(format!("{} more", findings.len() - PLACES));
    }
    let text = format!("{message}: {} ", places.join(", "));
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(first.severity);
    let costs = savings(report, &repeat.findings);
    Some(vec![
        plain(format!("{} ×", findings.len())),
        toned(text, table::style(worst)).and_dim(format!("[{}]", first.rule)),
        plain(costs.first().map_or("", |text| text)),
        plain(table::fixes(&findings)),
    ])
}

/// What a finding is about: the first word that its message quotes and its line has, else the first that it quotes.
fn subject<'f>(report: &Report, finding: &'f Finding) -> Option<&'f str> {
    let source = report.sources.get(finding.file.0 as usize)?;
    let line = source.slice(source.line_span(source.line(finding.span.start)));
    let quoted = || finding.message.split('`').skip(1).step_by(2);
    quoted().find(|word| !word.is_empty() && line.contains(word)).or_else(|| quoted().next())
}

/// `web/Dockerfile:3`, with what the finding is about where that differs from place to place.
fn place(report: &Report, finding: &Finding, is_named: bool) -> String {
    let source = report.sources.get(finding.file.0 as usize);
    let place = source.map(|source| format!("{}:{}", source.name(), source.line(finding.span.start)));
    let place = place.unwrap_or_default();
    match subject(report, finding) {
        Some(subject) if is_named => format!("`{subject}` ({place})"),
        _ => place,
    }
}
