//! Findings that are the same in several places: they are shown once, with their number.

use std::collections::{BTreeMap, BTreeSet};

use super::savings::savings;
use crate::audit::{Importance, Report};
use crate::finding::Finding;
use crate::report::grid::{Cell, Column, Grid, cell, plain};
use crate::report::layout::Layout;
use crate::report::table;

/// Places that are named.
const PLACES: usize = 3;

/// The same finding in several places, what costs most first.
pub(super) struct Repeat {
    /// Indexes into the findings of the report.
    pub(super) findings: Vec<usize>,
}

/// The findings among these that are the same in several files.
pub(super) fn repeats(report: &Report, findings: &[usize]) -> Vec<Repeat> {
    let mut groups: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    for index in findings {
        let Some(finding) = report.findings.get(*index) else { continue };
        groups.entry((finding.rule, shape(&finding.message))).or_default().push(*index);
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

/// A message without what it quotes and counts.
fn shape(message: &str) -> String {
    let quoted = message.split('`').enumerate().map(|(at, part)| if at % 2 == 1 { "" } else { part });
    quoted.collect::<String>().chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

const HEAD: [&str; 4] = ["", "finding", "costs", "fix"];
const COLUMNS: [Column; 4] = [Column::Right, Column::Wrapped, Column::Left, Column::Left];

/// A row for each, with the places.
pub(super) fn rows(report: &Report, repeats: &[Repeat], layout: Layout) -> String {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for repeat in repeats {
        let findings: Vec<&Finding> = repeat.findings.iter().filter_map(|index| report.findings.get(*index)).collect();
        let Some(first) = findings.first() else { continue };
        let mut places: Vec<String> = findings.iter().take(PLACES).map(|finding| place(report, finding)).collect();
        if findings.len() > PLACES {
            places.push(format!("{} more", findings.len() - PLACES));
        }
        let text = format!("{} ({}) ", first.message, places.join(", "));
        let finding = cell(text, table::style(first.severity)).with_tail(&format!("[{}]", first.rule));
        let costs = savings(findings.iter().copied());
        let fix = plain(table::fix(first));
        rows.push(vec![
            plain(format!("{} ×", findings.len())),
            finding,
            plain(costs.first().map_or("", |text| text)),
            fix,
        ]);
    }
    Grid { columns: &COLUMNS, head: &HEAD, rows: &rows, indent: 2 }.write(layout)
}

fn place(report: &Report, finding: &Finding) -> String {
    let source = report.sources.get(finding.file.0 as usize);
    source.map(|source| format!("{}:{}", source.name(), source.line(finding.span.start))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_with_other_names_are_the_same() {
        assert_eq!(shape("`a/b.ts` is copied before `pnpm install`"), shape("`x` is copied before `npm ci`"));
        assert_eq!(shape("lines 2 and 3 of `x`"), shape("lines 10 and 4 of `y`"));
        assert_ne!(shape("`a` is late"), shape("`a` is early"));
    }
}
