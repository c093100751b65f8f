//! What formats that know findings only get to write: findings and what is wrong with inputs, in one order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::audit::{ProblemReport, Report};
use crate::finding::{Finding, Severity, fingerprints, problem_fingerprints};
use crate::report::layout::clip;
use crate::rules::Rule;
use crate::text::{LineColumn, Source};

/// What stands in the place of a rule where an input itself is wrong.
pub(super) const INPUT: &str = "input-problem";

/// What [`INPUT`] is about.
pub(super) const INPUT_SUMMARY: &str = "the input cannot be read, or the builder rejects it";

/// A finding, or what is wrong with an input.
pub(super) struct ReportItem<'a> {
    /// The file, as the user would type it.
    pub(super) file: &'a str,
    /// Where it begins; line and column 1 where that is not known.
    pub(super) start: LineColumn,
    /// Where it ends, exclusive.
    pub(super) end: LineColumn,
    /// First line of the instruction.
    pub(super) line: u32,
    pub(super) severity: Severity,
    /// The rule's name, or [`INPUT`].
    pub(super) rule: &'a str,
    pub(super) aliases: Vec<&'static str>,
    pub(super) message: Cow<'a, str>,
    pub(super) help: Option<&'a str>,
    pub(super) url: Option<String>,
    /// Unique in the report; made by `finding::fingerprints`.
    pub(super) fingerprint: String,
    /// `None` where an input is wrong.
    pub(super) finding: Option<&'a Finding>,
}

impl ReportItem<'_> {
    /// Whether an input is wrong.
    pub(super) const fn is_problem(&self) -> bool {
        self.finding.is_none()
    }

    /// Message, remedy, notes and page, each on a line of its own.
    pub(super) fn paragraphs(&self) -> Vec<Cow<'_, str>> {
        let help = self.help.map(|help| Cow::Owned(format!("help: {}", clip(help))));
        let url = self.url.as_deref().map(|url| Cow::Owned(format!("see: {url}")));
        let notes = self.finding.map(|finding| &finding.notes[..]).unwrap_or_default();
        let notes = notes.iter().map(|note| Cow::Owned(format!("note: {}", clip(note))));
        std::iter::once(Cow::Borrowed(&*self.message)).chain(help).chain(notes).chain(url).collect()
    }
}

/// Everything that is wrong, by file and place; what is wrong with an input before the findings in it.
pub(super) fn items(report: &Report) -> Vec<ReportItem<'_>> {
    // Of sources with one name the first counts.
    let sources: HashMap<&str, &Source> = report.sources.iter().rev().map(|source| (source.name(), source)).collect();
    let problems = report.problems.iter().map(|problem| [&*problem.file, problem.code, line_of(&sources, problem)]);
    let prints = problem_fingerprints(problems, &report.root);
    let mut items: Vec<ReportItem> =
        report.problems.iter().zip(prints).map(|(problem, print)| wrong_input(problem, print)).collect();
    let prints = fingerprints(&report.findings, &report.sources, &report.root);
    items.extend(report.findings.iter().zip(prints).map(|(finding, print)| item_of_finding(report, finding, print)));
    let order: BTreeMap<&str, usize> =
        files(report).into_iter().enumerate().map(|(index, file)| (file, index)).collect();
    items.sort_by_key(|item| (order.get(item.file).copied(), !item.is_problem(), item.start, item.end));
    items
}

/// The line of a source that a problem is in; empty where it has none.
fn line_of<'s>(sources: &HashMap<&str, &'s Source>, problem: &ProblemReport) -> &'s str {
    match (sources.get(&*problem.file), problem.place) {
        (Some(source), Some(place)) => source.slice(source.line_span(place.line)),
        _ => "",
    }
}

/// Findings that comments and settings hide.
pub(super) fn hidden(report: &Report) -> Vec<ReportItem<'_>> {
    let count = report.findings.len();
    // Behind those that are told: of equal ones each has a fingerprint of its own.
    let all: Vec<Finding> = match report.suppressed.len() {
        0 => Vec::new(),
        _ => report.findings.iter().chain(&report.suppressed).cloned().collect(),
    };
    let prints = fingerprints(&all, &report.sources, &report.root).into_iter().skip(count);
    report.suppressed.iter().zip(prints).map(|(finding, print)| item_of_finding(report, finding, print)).collect()
}

fn item_of_finding<'a>(report: &'a Report, finding: &'a Finding, fingerprint: String) -> ReportItem<'a> {
    let source = report.sources.get(finding.file.0 as usize);
    let place = |at| source.map_or(FIRST, |source| source.line_column(at));
    let start = place(finding.span.start);
    ReportItem {
        file: source.map_or("", |source| source.name()),
        start,
        end: place(finding.span.end.max(finding.span.start)),
        line: finding.instruction_line.unwrap_or(start.line),
        severity: finding.severity,
        rule: finding.rule,
        aliases: finding.codes.iter().map(|code| code.name).collect(),
        message: clip(&finding.message),
        help: finding.help.as_deref(),
        url: crate::rules::find(finding.rule).map(Rule::url),
        fingerprint,
        finding: Some(finding),
    }
}

/// Every file that was looked at, or could not be.
pub(super) fn files(report: &Report) -> Vec<&str> {
    let sources = report.sources.iter().map(Source::name);
    let mut seen = BTreeSet::new();
    sources.chain(report.problems.iter().map(|problem| &*problem.file)).filter(|file| seen.insert(*file)).collect()
}

const FIRST: LineColumn = LineColumn { line: 1, column: 1 };

fn wrong_input(problem: &ProblemReport, fingerprint: String) -> ReportItem<'_> {
    let start = problem.place.unwrap_or(FIRST);
    ReportItem {
        file: &problem.file,
        start,
        end: start,
        line: start.line,
        severity: if problem.error { Severity::Error } else { Severity::Warning },
        rule: INPUT,
        aliases: match problem.codes.as_slice() {
            [] if problem.error => vec!["DL1000"],
            codes => codes.to_vec(),
        },
        message: clip(&problem.message),
        help: problem.help.as_deref(),
        url: None,
        fingerprint,
        finding: None,
    }
}
