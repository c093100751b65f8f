//! Workflow commands that GitHub shows as annotations beside the changed lines.

use super::ReportRun;
use super::escape::{github_message, github_property};
use super::item::items;
use crate::finding::Severity;

/// GitHub keeps ten annotations of a kind per step: the worst come first.
pub(super) fn write(run: &ReportRun) -> String {
    let mut items = items(run.report);
    items.sort_by_key(|item| (std::cmp::Reverse(item.severity), !item.is_problem()));
    let mut out = String::new();
    for item in &items {
        let command = match item.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Style => "notice",
        };
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
