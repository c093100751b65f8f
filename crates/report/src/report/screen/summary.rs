//! Several builds at a glance: each on one line, the most important first, and what they have in common.

use std::collections::BTreeSet;

use super::repeats::{self, Repeat, repeats};
use super::savings::{costs_sentence, savings};
use crate::audit::{BuildReport, Importance, Report, is_urgent};
use crate::finding::Finding;
use crate::report::findings::FindingDetails;
use crate::report::page::{Block, Column, Section, Table, Text, number, path, plain};
use crate::report::table::{self, is_cheap};
use crate::report::units::{bytes, count};

/// Builds from which on there is a summary.
const SEVERAL: usize = 2;
/// With fewer columns, only the name, the number of findings and their cost are shown.
const NARROW: usize = 70;
/// With fewer columns, what costs most is not shown either.
const NARROWEST: usize = 55;

/// What is said of all builds together.
pub(super) struct Summary {
    /// What is found and what it costs; none where nothing is, or where a section below says it.
    pub(super) section: Option<Section>,
    /// What several builds have in common.
    pub(super) blocks: Vec<Block>,
    /// Findings that it shows, by index: the sections below it need not.
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

/// The summary. With `all`, every finding stands in the section of its build too.
pub(super) fn summary(details: &FindingDetails, all: bool) -> Summary {
    let report = details.run.report;
    let mut summary = Summary { section: None, blocks: Vec::new(), shown: BTreeSet::new() };
    if report.builds.len() < SEVERAL {
        return summary;
    }
    summary.section = Some(Section::new(title(report)).with(Section::untitled(vec![builds(report).into()])));
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
        let mut blocks = vec![repeats::rows(report, &repeats).into()];
        blocks.extend(table::table(details, None, &single, true));
        summary.blocks.push(section("Fix first: errors and leaked secrets", blocks));
        summary.shown.extend(urgent);
    }
    let repeats = repeats(report, &others);
    if !repeats.is_empty() {
        let rows = repeats::rows(report, &repeats);
        summary.blocks.push(section("Found in several files (not repeated below)", vec![rows.into()]));
        summary.shown.extend(repeats.into_iter().flat_map(|repeat| repeat.findings));
    }
    if all {
        summary.shown.clear();
    }
    summary
}

fn section(title: &str, blocks: Vec<Block>) -> Block {
    Section::new(title).with(Section::untitled(blocks)).into()
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

/// The line above a single build; none where nothing is found.
pub(super) fn single_title(report: &Report) -> Option<String> {
    let findings = count(report.findings.len() as u64, "finding");
    (report.builds.len() == 1 && !report.findings.is_empty()).then(|| format!("{findings}{}", costs_text(report)))
}

const HEAD: [&str; 5] = ["build", "what", "context", "findings", "largest cost"];
const COLUMNS: [Column; 5] = [Column::Path, Column::Words, Column::Left, Column::Right, Column::Left];
const SPARE: [(usize, usize); 3] = [(1, NARROW), (2, NARROW), (4, NARROWEST)];

/// A line for each build, below the heading of its group.
fn builds(report: &Report) -> Table {
    let ordered = ordered(report);
    let rows = ordered.iter().map(|build| row(report, build)).collect();
    let mut table = Table { spare: &SPARE, ..Table::new(&COLUMNS, rows).with_head(&HEAD) };
    for (at, build) in ordered.iter().enumerate() {
        if at == 0 || ordered[at - 1].importance != build.importance {
            table.groups.push((at, heading(build.importance)));
        }
    }
    if table.groups.len() < 2 {
        table.groups.clear();
    }
    table
}

const fn heading(importance: Importance) -> &'static str {
    match importance {
        Importance::Shipped => "built by compose files, bake files, scripts or workflows",
        Importance::Other => "other builds",
        Importance::Development => "for development, tests and examples",
    }
}

fn row(report: &Report, build: &BuildReport) -> Vec<Text> {
    let name = report.sources.get(build.dockerfile.0 as usize).map_or("Dockerfile", |source| source.name());
    let context = build.context.as_ref().map(|context| bytes(context.bytes)).unwrap_or_default();
    let findings = match build.findings.len() {
        0 => "–".to_owned(),
        findings => findings.to_string(),
    };
    let first = build.findings.iter().find_map(|index| savings(report, &[*index]).into_iter().next());
    vec![
        path(name),
        plain(build.projects.join(", ")),
        number(context),
        number(findings),
        plain(first.unwrap_or_default()),
    ]
}
