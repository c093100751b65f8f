//! GitLab's code quality report.

use serde::Serialize;

use super::Run;
use super::item::{Item, items};
use crate::finding::Severity;
use crate::report::json::pretty;

#[derive(Serialize)]
struct Issue<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

pub(super) fn write(run: &Run) -> String {
    let items = items(run.report);
    pretty(&items.iter().map(|item| issue(run, item)).collect::<Vec<_>>())
}

fn issue<'a>(run: &Run, item: &'a Item) -> Issue<'a> {
    Issue {
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
        location: Location {
            path: run.base.shown(item.file),
            lines: Lines { begin: item.start.line, end: item.end.line.max(item.start.line) },
        },
    }
}
