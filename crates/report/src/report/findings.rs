//! Findings with their lines, as `lint` and its relatives say them.

mod details;
mod fix_diff;
mod remark;

pub(super) use self::details::FindingDetails;
use self::remark::remark_of_problem;
use super::format::ReportRun;
use super::layout::{Layout, clip};
use super::page::{Block, Medium, Page, Section, Tone, toned};
use super::render;
use super::units::count;
use crate::audit::{ProblemReport, Report};
use crate::finding::{Finding, Safety, Severity};
use crate::text::Source;

/// Findings of the overview of a document.
const FIRST: usize = 10;

/// All findings, problems and skips, and a summary.
pub fn lint(run: &ReportRun, medium: Medium) -> Page {
    let mut page = Page::new(format!("dockopt {} {}", run.command, run.report.root));
    let all: Vec<usize> = (0..run.report.findings.len()).collect();
    push_findings(&mut page, &FindingDetails::new(run, medium), &all);
    page
}

/// Some of the findings, with the summary of all.
pub(super) fn push_findings(page: &mut Page, details: &FindingDetails, indexes: &[usize]) {
    let report = details.run.report;
    let summary_text = summary(report);
    if details.is_document() {
        let tone = if report.findings.is_empty() { Tone::Good } else { Tone::Strong };
        let mut overview = Section::new("Overview").with(toned(&summary_text, tone));
        let first = details.by_rank().into_iter().take(FIRST).collect::<Vec<_>>();
        overview.push_rows(Section::new("What matters most"), details.rows(&first));
        page.push(overview);
    }
    page.push_filled(details.problems(|_| true));
    for indexes in indexes.chunk_by(|a, b| report.findings[*a].file == report.findings[*b].file) {
        page.push(details.section(indexes));
    }
    page.push_filled(notes(report, details.is_document()));
    if !details.is_document() {
        page.push(Block::Line(summary_text.into()));
    }
}

/// What is wrong with the inputs, each with its place and remedy.
pub fn problems(report: &Report, layout: Layout) -> String {
    report.read_problems().map(|read_problem| problem(&report.sources, read_problem, layout)).collect()
}

/// One problem.
pub fn problem(sources: &[Source], problem: &ProblemReport, layout: Layout) -> String {
    render::terminal_remark(&remark_of_problem(sources, problem), layout) + "\n\n"
}

/// Notices and what could not be looked at, for where a format has no place for them.
pub fn remarks(report: &Report) -> String {
    let notices = report.notices.iter().map(|notice| Block::Line(notice.text.as_str().into()));
    let blocks = notices.chain(skipped(report)).collect();
    render::terminal(&Page { title: String::new(), blocks }, Layout::PLAIN)
}

/// What could not be looked at, and the notices.
pub(super) fn notes(report: &Report, has_notices: bool) -> Section {
    let mut section = Section { is_tight: true, ..Section::open_untitled("Notes") };
    if has_notices {
        section.blocks.extend(report.notices.iter().map(|notice| Block::Line(notice.text.as_str().into())));
    }
    section.blocks.extend(skipped(report));
    section
}

/// What could not be looked at, one line per reason.
fn skipped(report: &Report) -> impl Iterator<Item = Block> {
    let mut groups: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for skip in &report.skipped {
        let group = groups.iter_mut().find(|group| group.0 == skip.why && group.1 == skip.remedy);
        match group {
            Some(group) => group.2.push(&skip.what),
            None => groups.push((&skip.why, &skip.remedy, vec![&skip.what])),
        }
    }
    groups.into_iter().map(|(why, remedy, what)| {
        let remedy = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        let rules = count(what.len() as u64, "rule");
        let is_rule = what.iter().all(|name| crate::rules::find(name).is_some());
        let text = if is_rule {
            format!("skipped {rules} ({}): {why}{remedy}", what.join(", "))
        } else {
            format!("skipped {}: {why}{remedy}", what.join(", "))
        };
        Block::Line(toned(clip(&text), Tone::Dim))
    })
}

fn summary(report: &Report) -> String {
    let files = count(report.sources.len() as u64, "file");
    let problems = match report.read_problems().filter(|problem| problem.error).count() {
        0 => String::new(),
        errors => format!("; {} with the input", count(errors as u64, "problem")),
    };
    let hidden = match report.suppressed.len() {
        0 => String::new(),
        hidden => format!("; {hidden} hidden by comments or settings"),
    };
    if report.findings.is_empty() {
        let result = if report.has_known_findings() { "no new findings" } else { "nothing found" };
        return format!("{result} in {files}{hidden}{problems}");
    }
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info, Severity::Style] {
        let count_of_severity = report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
        match (count_of_severity, severity) {
            (0, _) => {}
            (_, Severity::Error | Severity::Warning) => parts.push(count(count_of_severity, severity.name())),
            _ => parts.push(format!("{count_of_severity} {}", severity.name())),
        }
    }
    let findings = count(report.findings.len() as u64, "finding");
    let safe = |finding: &&Finding| finding.fixes.iter().any(|fix| fix.safety == Safety::Safe);
    let fixable = report.findings.iter().filter(safe).count();
    let hint = match fixable {
        0 => String::new(),
        fixable => format!("; {fixable} with a safe fix: `dockopt fix`"),
    };
    format!("{findings} in {files}: {}{hint}{hidden}{problems}", parts.join(", "))
}
