//! JSON Lines: a line that says what follows, one per finding, problem, skip and notice, and one that says that it is
//! all. `schemas/jsonl.schema.json` describes each line.

use serde::Serialize;

use super::ReportRun;
use crate::report::json::{compact, findings, problems, skipped};
use crate::report::wire;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum JsonLine<'a> {
    Start {
        #[serde(flatten)]
        head: wire::Head<'a>,
        command: &'a str,
    },
    Finding(Box<wire::FindingJson<'a>>),
    Problem(wire::ProblemJson<'a>),
    Skipped(wire::SkippedJson<'a>),
    Notice {
        text: &'a str,
    },
    End {
        findings: usize,
        problems: usize,
        skipped: usize,
        baselined: Option<u64>,
        exit: u8,
    },
}

pub(super) fn write(run: &ReportRun) -> String {
    let report = run.report;
    let head = wire::Head::new("dockopt.jsonl/1", &report.root);
    let mut out = compact(&JsonLine::Start { head, command: run.command });
    for problem in problems(&report.problems) {
        out.push_str(&compact(&JsonLine::Problem(problem)));
    }
    for finding in findings(report) {
        out.push_str(&compact(&JsonLine::Finding(Box::new(finding))));
    }
    for skip in skipped(report) {
        out.push_str(&compact(&JsonLine::Skipped(skip)));
    }
    for notice in &report.notices {
        out.push_str(&compact(&JsonLine::Notice { text: &notice.text }));
    }
    out.push_str(&compact(&JsonLine::End {
        findings: report.findings.len(),
        problems: report.problems.len(),
        skipped: report.skipped.len(),
        baselined: report.baselined.map(|known| known.known),
        exit: run.exit,
    }));
    out
}
