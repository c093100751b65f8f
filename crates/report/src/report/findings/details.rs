//! The details of findings, file by file, and links to them.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::remark::{remark_of_finding, remark_of_problem};
use crate::audit::{ProblemReport, Report};
use crate::finding::Finding;
use crate::report::anchor::Anchors;
use crate::report::format::ReportRun;
use crate::report::layout::clip;
use crate::report::page::{Block, Column, Medium, Section, Table, Text, TextKind, Tone, path, plain, toned};
use crate::report::price;
use crate::report::units::count;

/// Findings that a document shows with their lines and fixes; of more, the ones that cost most.
const DETAILED: usize = 1_000;

/// The details of the findings of a run.
#[derive(Debug)]
pub(in crate::report) struct FindingDetails<'r> {
    pub(in crate::report) run: &'r ReportRun<'r>,
    medium: Medium,
    /// Of a document: the name of each finding in an address, by index.
    anchors: Vec<String>,
    /// Of a document: the findings that are shown with their lines, by index.
    detailed: BTreeSet<usize>,
}

impl<'r> FindingDetails<'r> {
    pub(in crate::report) fn new(run: &'r ReportRun<'r>, medium: Medium) -> Self {
        let mut details = Self { run, medium, anchors: Vec::new(), detailed: BTreeSet::new() };
        if details.is_document() {
            details.anchors = anchors(run.report);
            details.detailed = details.by_rank().into_iter().take(DETAILED).collect();
        }
        details
    }

    /// Whether there is room for all, and links.
    pub(in crate::report) fn is_document(&self) -> bool {
        self.medium == Medium::Html
    }

    /// The findings by index, those that cost most first.
    pub(super) fn by_rank(&self) -> Vec<usize> {
        let findings = &self.run.report.findings;
        let mut order: Vec<usize> = (0..findings.len()).collect();
        order.sort_by(|a, b| findings[*b].rank().total_cmp(&findings[*a].rank()).then(a.cmp(b)));
        order
    }

    /// The name of a place, which leads to the details in a document.
    pub(in crate::report) fn place(&self, index: usize, place: String) -> Text {
        let kind = match self.anchors.get(index) {
            Some(anchor) if self.detailed.contains(&index) => TextKind::Place(anchor.clone()),
            _ => TextKind::Path,
        };
        Text::new(place, kind, Tone::Plain)
    }

    /// What is wrong with the inputs; of a document also what was said before it.
    pub(in crate::report) fn problems(&self, is_such: impl Fn(&ProblemReport) -> bool) -> Section {
        let report = self.run.report;
        let problems = report.problems.iter().filter(|problem| self.is_document() || !problem.unread);
        let remarks = problems.filter(|problem| is_such(problem));
        let remarks: Vec<_> = remarks.map(|problem| remark_of_problem(&report.sources, problem)).collect();
        let blocks = if remarks.is_empty() { Vec::new() } else { vec![Block::Remarks(remarks)] };
        Section { blocks, ..Section::open_untitled("Problems with the input") }
    }

    /// The findings in a file, with its name.
    pub(in crate::report) fn section(&self, indexes: &[usize]) -> Section {
        let finding = indexes.first().and_then(|index| self.run.report.findings.get(*index));
        let name = finding.map(|finding| self.file(finding)).unwrap_or_default();
        let about = plain(count(indexes.len() as u64, "finding"));
        Section { about, blocks: self.blocks(indexes), ..Section::open_untitled(path(name)) }
    }

    /// The findings with their lines, and those beyond a limit in rows.
    pub(in crate::report) fn blocks(&self, indexes: &[usize]) -> Vec<Block> {
        let is_whole = |index: &usize| !self.is_document() || self.detailed.contains(index);
        let (whole, others): (Vec<usize>, Vec<usize>) = indexes.iter().copied().partition(is_whole);
        let report = self.run.report;
        let remarks = whole.par_iter().filter_map(|index| {
            let mut remark = remark_of_finding(report, report.findings.get(*index)?, self.is_document());
            remark.anchor = self.anchors.get(*index).cloned();
            Some(remark)
        });
        let mut blocks = vec![Block::Remarks(remarks.collect())];
        if !others.is_empty() {
            let text = format!("{} without their lines, as there are many:", others.len());
            blocks.push(toned(text, Tone::Dim).into());
            blocks.push(self.rows(&others).into());
        }
        blocks
    }

    /// Findings one per row, with links to those that are shown with their lines.
    pub(super) fn rows(&self, indexes: &[usize]) -> Table {
        let report = self.run.report;
        let known = indexes.iter().filter_map(|index| Some((*index, report.findings.get(*index)?)));
        let rows = known.map(|(index, finding)| {
            let line = report.sources.get(finding.file.0 as usize).map_or(1, |source| source.line(finding.span.start));
            vec![
                toned(finding.severity.name(), Tone::of(finding.severity)),
                self.place(index, format!("{}:{line}", self.file(finding))),
                plain(clip(&finding.message)).and_dim(format!(" [{}]", finding.rule)),
                cost(finding),
            ]
        });
        let columns = [Column::Left, Column::Path, Column::Words, Column::Right];
        Table::new(&columns, rows.collect()).with_head(&["severity", "place", "finding", "costs"])
    }

    fn file(&self, finding: &Finding) -> String {
        let source = self.run.report.sources.get(finding.file.0 as usize);
        source.map(|source| self.run.base.display_path(source.name())).unwrap_or_default()
    }
}

/// The name of each finding in an address: its file, line and rule, and a number where these are the same.
fn anchors(report: &Report) -> Vec<String> {
    let mut anchors = Anchors::default();
    let mut names = Vec::with_capacity(report.findings.len());
    for finding in &report.findings {
        let place = report.sources.get(finding.file.0 as usize);
        let place = place.map(|source| format!("{}-{}", source.name(), source.line(finding.span.start)));
        names.push(anchors.name(&format!("{}-{}", place.unwrap_or_default(), finding.rule)));
    }
    names
}

fn cost(finding: &Finding) -> Text {
    let impact = Report::price(finding);
    impact
        .map(|impact| Text::new(price::cost(impact), TextKind::Number(price::known_basis(impact)), Tone::Plain))
        .unwrap_or_default()
}
