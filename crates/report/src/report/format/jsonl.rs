//! JSON Lines: a line that says what follows, one per finding, problem, skip and notice, and one that says that it is
//! all. `schemas/jsonl.schema.json` describes each line.

use super::ReportRun;
use crate::report::json::{findings, json_line, problems, skipped};
use crate::wire::{Head, object};

pub(super) fn write(run: &ReportRun) -> String {
    let report = run.report;
    let head = Head::new("dockopt.jsonl/1", &report.root);
    let start = object! {
        #[serde(flatten)]
        head,
        command: run.command,
    };
    let mut out = json_line("start", start);
    out.extend(problems(&report.problems).iter().map(|problem| json_line("problem", problem)));
    out.extend(findings(report).iter().map(|finding| json_line("finding", finding)));
    out.extend(skipped(&report.skipped).iter().map(|skip| json_line("skipped", skip)));
    out.extend(report.notices.iter().map(|notice| json_line("notice", object! { text: &notice.text })));
    let end = object! {
        findings: report.findings.len(),
        problems: report.problems.len(),
        skipped: report.skipped.len(),
        baselined: report.baselined.map(|known| known.known),
        exit: run.exit,
    };
    out + &json_line("end", end)
}
