//! Several builds at a glance: each on one line, the most important first, and what they have in common.

use std::collections::BTreeSet;

use super::repeats::{self, Repeat, repeats};
use super::savings::{costs_sentence, savings};
use crate::audit::{BuildReport, Importance, Report, is_urgent};
use crate::finding::Finding;
use crate::report::grid::{Cell, Column, Grid, plain};
use crate::report::layout::{Layout, Tone, push};
use crate::report::table::{self, is_cheap};
use crate::report::units::{bytes, count};

/// Builds from which on there is a summary.
const SEVERAL: usize = 2;
/// With fewer columns, only the name, the number of findings and their cost are shown.
const NARROW: usize = 70;
/// With fewer columns, what costs most is not shown either.
const NARROWEST: usize = 55;

/// What a summary shows, so that the sections below it need not.
pub(super) struct Summary {
    pub(super) text: String,
    /// Findings that it shows, by index.
    pub(super) shown: BTreeSet<usize>,
}

/// The builds in the order of their importance, those with the most expensive findings first.
pub(super) fn ordered(report: &Report) -> Vec<&BuildReport> {
    let mut builds: Vec<&BuildReport> = report.builds.iter().collect();
    if builds.len() < SEVERAL {
        return builds;
    }
    let worth = |build: &BuildReport| findings(report, &build.findings).map(Finding::rank).sum::<f64>();
    builds.sort_by(|a, b| a.importance.cmp(&b.importance).then(worth(b).total_cmp(&worth(a))));
    builds
}

fn findings<'r>(report: &'r Report, indexes: &'r [usize]) -> impl Iterator<Item = &'r Finding> {
    indexes.iter().filter_map(|index| report.findings.get(*index))
}

/// The summary of several builds; empty for one. With `all`, every finding stands in the section of its build too.
pub(super) fn summary(report: &Report, layout: Layout, all: bool) -> Summary {
    let mut summary = Summary { text: String::new(), shown: BTreeSet::new() };
    if report.builds.len() < SEVERAL {
        return summary;
    }
    push(&mut summary.text, &title(report), 0, layout, Tone::Strong);
    summary.text.push_str(&format!("\n{}\n", builds(report, layout)));
    let mut urgent: Vec<usize> = Vec::new();
    let mut others: Vec<usize> = Vec::new();
    for (index, finding) in report.findings.iter().enumerate() {
        if is_urgent(finding) {
            urgent.push(index);
        } else if !is_cheap(finding) {
            others.push(index);
        }
    }
    if !urgent.is_empty() {
        let repeats = repeats(report, &urgent);
        let single: Vec<usize> = urgent.iter().filter(|index| !is_in(&repeats, **index)).copied().collect();
        let heading = "Fix first: errors and leaked secrets";
        section(&mut summary.text, heading, layout, &repeats::rows(report, &repeats, layout));
        summary.text.push_str(&table::table(report, None, &single, layout, true));
        summary.text.push('\n');
        summary.shown.extend(urgent);
    }
    let repeats = repeats(report, &others);
    if !repeats.is_empty() {
        let rows = repeats::rows(report, &repeats, layout);
        section(&mut summary.text, "Found in several files (not repeated below)", layout, &rows);
        summary.text.push('\n');
        summary.shown.extend(repeats.into_iter().flat_map(|repeat| repeat.findings));
    }
    if all {
        summary.shown.clear();
    }
    summary
}

fn section(out: &mut String, heading: &str, layout: Layout, rows: &str) {
    push(out, heading, 0, layout, Tone::Strong);
    out.push_str(&format!("\n{rows}"));
}

fn is_in(repeats: &[Repeat], index: usize) -> bool {
    repeats.iter().any(|repeat| repeat.findings.contains(&index))
}

/// `12 builds, 38 findings; they cost ~672 MB on disk and 3 s per rebuild`. What builds for development cost is left out,
/// and a kind of cost without an amount where there are others with one.
fn title(report: &Report) -> String {
    let builds = count(report.builds.len() as u64, "build");
    let findings = match report.findings.len() {
        0 if report.has_known_findings() => "no new findings".to_owned(),
        0 => "nothing found".to_owned(),
        number => count(number as u64, "finding"),
    };
    format!("{builds}, {findings}{}", costs_text(report))
}

/// `; they cost ~672 MB on disk`, or nothing.
fn costs_text(report: &Report) -> String {
    let is_aside = |build: &&BuildReport| build.importance == Importance::Development;
    let aside: BTreeSet<usize> =
        report.builds.iter().filter(is_aside).flat_map(|build| build.findings.iter().copied()).collect();
    let indexes: Vec<usize> = (0..report.findings.len()).filter(|index| !aside.contains(index)).collect();
    let costs = costs_sentence(report, &indexes, report.findings.len());
    if costs.is_empty() {
        return String::new();
    }
    let all: Vec<usize> = (0..report.findings.len()).collect();
    let is_complete = costs_sentence(report, &all, report.findings.len()) == costs;
    format!("; {costs}{}", if is_complete { "" } else { ", not counting builds for development" })
}

/// The line above a single build; empty where nothing is found.
pub(super) fn single_title(report: &Report, layout: Layout) -> String {
    let mut text = String::new();
    if report.builds.len() == 1 && !report.findings.is_empty() {
        let findings = count(report.findings.len() as u64, "finding");
        push(&mut text, &format!("{findings}{}", costs_text(report)), 0, layout, Tone::Strong);
        text.push('\n');
    }
    text
}

const HEAD: [&str; 5] = ["build", "what", "context", "findings", "largest cost"];
const COLUMNS: [Column; 5] = [Column::Path, Column::Words, Column::Left, Column::Right, Column::Left];

/// A line for each build, below the heading of its group.
fn builds(report: &Report, layout: Layout) -> String {
    let ordered = ordered(report);
    let rows: Vec<Vec<Cell>> = ordered.iter().map(|build| row(report, build, layout)).collect();
    let text = Grid { columns: &COLUMNS, head: &HEAD, rows: &rows, indent: 2 }.write(layout);
    let has_head = text.lines().count() > rows.len();
    let mut lines = text.lines();
    let mut out = String::new();
    if has_head {
        out.extend(lines.next().map(|head| format!("{head}\n")));
    }
    let groups: BTreeSet<Importance> = ordered.iter().map(|build| build.importance).collect();
    let mut last = None;
    for (build, line) in ordered.iter().zip(lines) {
        if groups.len() > 1 && last != Some(build.importance) {
            push(&mut out, heading(build.importance), 1, layout, Tone::Dim);
            last = Some(build.importance);
        }
        out.push_str(&format!("{line}\n"));
    }
    out
}

const fn heading(importance: Importance) -> &'static str {
    match importance {
        Importance::Shipped => "built by compose files, bake files, scripts or workflows",
        Importance::Other => "other builds",
        Importance::Development => "for development, tests and examples",
    }
}

fn row(report: &Report, build: &BuildReport, layout: Layout) -> Vec<Cell> {
    let is_narrow = layout.columns() < NARROW;
    let name = report.sources.get(build.dockerfile.0 as usize).map_or("Dockerfile", |source| source.name());
    let context = build.context.as_ref().map(|context| bytes(context.bytes)).unwrap_or_default();
    let number = match build.findings.len() {
        0 => "–".to_owned(),
        number => number.to_string(),
    };
    let first = build.findings.iter().find_map(|index| savings(report, &[*index]).into_iter().next());
    let what = if is_narrow { String::new() } else { build.projects.join(", ") };
    let context = if is_narrow { String::new() } else { context };
    let costs = if layout.columns() < NARROWEST { String::new() } else { first.unwrap_or_default() };
    vec![plain(name), plain(what), plain(context), plain(number), plain(costs)]
}
