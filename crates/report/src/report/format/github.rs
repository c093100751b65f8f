//! Workflow commands that GitHub shows as annotations beside the changed lines.

use super::escape::{github_message, github_property};
use super::item::items;
use super::{PathBase, ReportRun};
use crate::finding::Severity;
use crate::report::comparison::limit_sentence;
use crate::report::layout::clip;
use crate::results::Comparison;

/// GitHub keeps ten annotations of a kind per step: the worst come first.
pub(super) fn write(run: &ReportRun) -> String {
    let mut items = items(run.report);
    items.sort_by_key(|item| (std::cmp::Reverse(item.severity), !item.is_problem()));
    let mut out = String::new();
    for item in &items {
        let command = command(item.severity);
        let mut place = format!("line={}", item.start.line);
        // An end at the first column covers nothing of its line.
        let last = if item.end.column == 1 { (item.end.line - 1).max(item.start.line) } else { item.end.line };
        if last == item.start.line {
            place.push_str(&format!(",col={},endLine={last}", item.start.column));
            if item.end.line == last && item.end.column > item.start.column {
                place.push_str(&format!(",endColumn={}", item.end.column));
            }
        } else {
            place.push_str(&format!(",endLine={last}"));
        }
        out.push_str(&format!(
            "::{command} file={},{place},title={}::{}\n",
            github_property(&run.base.display_path(item.file)),
            github_property(item.rule),
            github_message(&item.paragraphs().join("\n"))
        ));
    }
    for skip in &run.report.skipped {
        let text = format!("{}: {}{}", skip.what, skip.why, remedy(&skip.remedy));
        out.push_str(&format!("::notice title=skipped::{}\n", github_message(&text)));
    }
    for notice in &run.report.notices {
        out.push_str(&format!("::notice title=dockopt::{}\n", github_message(&notice.text)));
    }
    out
}

/// What would make possible what was skipped, behind the reason.
pub(super) fn remedy(remedy: &str) -> String {
    if remedy.is_empty() { String::new() } else { format!("; {remedy}") }
}

/// The new findings of a report on lines that changed, and the limits that are exceeded, as annotations; the worst come
/// first.
pub fn write_comparison(comparison: &Comparison, base: &PathBase) -> String {
    let mut out = String::new();
    for check in comparison.exceeded() {
        let text = limit_sentence(check).unwrap_or_default();
        out.push_str(&format!("::error title={}::{}\n", github_property(&check.name), github_message(&text)));
    }
    for finding in &comparison.annotated_findings {
        let place = match finding.line {
            Some(line) => format!("file={},line={line},", github_property(&base.display_path(&finding.file))),
            None => String::new(),
        };
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {}", clip(help))).unwrap_or_default();
        out.push_str(&format!(
            "::{} {place}title={}::{}\n",
            command(finding.severity()),
            github_property(&finding.rule),
            github_message(&format!("{}{help}", clip(&finding.message)))
        ));
    }
    out
}

/// The workflow command for a severity.
const fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "notice",
    }
}
