//! GitLab's code quality report.

use serde::Serialize;

use super::ReportRun;
use super::item::{ReportItem, items};
use crate::finding::Severity;
use crate::report::json::pretty;
use crate::rules::Category;
use crate::wire::object;

pub(super) fn write(run: &ReportRun) -> String {
    let items = items(run.report);
    pretty(&items.iter().map(|item| issue(run, item)).collect::<Vec<_>>())
}

/// As Code Climate, whose shape it is, calls it.
const fn category(category: Category) -> &'static str {
    match category {
        Category::Correctness | Category::Runtime | Category::Reproducibility => "Bug Risk",
        Category::Security => "Security",
        Category::Size | Category::Cache => "Performance",
        Category::Style => "Style",
    }
}

fn issue(run: &ReportRun, item: &ReportItem) -> impl Serialize {
    object! {
        #[serde(rename = "type")]
        kind: "issue",
        categories: [match item.finding.and_then(|finding| crate::rules::find(finding.rule)) {
            Some(rule) => category(rule.metadata().category),
            None => "Bug Risk",
        }],
        description: &item.message,
        check_name: item.rule,
        fingerprint: &item.fingerprint,
        severity: match (item.is_problem(), item.severity) {
            // Nothing can be built.
            (true, Severity::Error) => "blocker",
            (_, Severity::Error) => "critical",
            (_, Severity::Warning) => "major",
            (_, Severity::Info) => "minor",
            (_, Severity::Style) => "info",
        },
        location: object! {
            path: run.base.display_path(item.file),
            lines: object! { begin: item.start.line, end: item.end.line.max(item.start.line) },
        },
    }
}
