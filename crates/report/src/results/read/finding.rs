//! Results of `lint`, `audit` and `deploy check`.

use std::collections::BTreeSet;

use super::result::{ReadResult, ReportDetails, amount, document};
use crate::results::state::{BuildState, CheckState, CostState, EVERYTHING, FindingState, FixState, ProjectState};
use crate::text::path;
use crate::wire::{AuditJson, FindingJson, FindingsJson, ReplacementsJson};

pub(super) fn audit(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    read(text, "audit")
}

pub(super) fn lint(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    read(text, "lint")
}

pub(super) fn deploy_check(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let replacements: ReplacementsJson = document(text)?;
    let mut result = read(text, "deploy check")?;
    result.details.replacements = replacements.services;
    Ok(result)
}

fn read(text: &[u8], command: &str) -> Result<ReadResult, serde_json::Error> {
    let read: FindingsJson = document(text)?;
    let audit: AuditJson = document(text)?;
    let mut state = ProjectState::default();
    let subjects = read.files.map(|files| subjects(&files, (command == "audit").then_some(audit.root.as_str())));
    let mut check = CheckState { command: command.to_owned(), subjects, ..CheckState::default() };
    let mut notices = Vec::new();
    state.findings = read.findings.into_iter().map(|finding| finding_state(finding, command)).collect();
    check.skipped_rules = read.skipped.into_iter().map(|skip| skip.what).chain(read.rules_off).collect();
    if let Some(hidden @ 1..) = read.baselined {
        notices.push(format!(
            "{hidden} findings are hidden by a baseline file and are not in the result of `{command}`; without its \
             `--baseline`, the report compares them too"
        ));
    }
    for problem in read.problems {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        notices.push(format!("{}{line}: {}", problem.file, problem.message));
        if problem.error {
            check.broken_files.insert(problem.file);
        }
    }
    state.checks.push(check);
    for build in audit.builds {
        let last = build.stages.last();
        state.builds.push(BuildState {
            dockerfile: Some(build.dockerfile),
            base: last.map(|stage| stage.base.clone()),
            base_line: last.map(|stage| stage.line),
            ..BuildState::default()
        });
    }
    let details = ReportDetails { excerpts: read.excerpts, ..ReportDetails::default() };
    Ok(ReadResult { after: state, notices, details, ..ReadResult::default() })
}

/// What was looked at: the files, and of an audit all that is below its folder, also what will be there later.
fn subjects(files: &[String], root: Option<&str>) -> BTreeSet<String> {
    let mut subjects: BTreeSet<String> = files.iter().map(|file| path::normalize(file)).collect();
    if let Some(root) = root.map(path::normalize)
        && !subjects.contains(&root)
    {
        subjects.insert(if root.is_empty() { EVERYTHING.to_owned() } else { format!("{root}/") });
    }
    subjects
}

fn finding_state(finding: FindingJson, command: &str) -> FindingState {
    let cost = finding.impact.into_iter().next().map(|impact| CostState {
        kind: impact.kind,
        saves: impact.saves.and_then(|saves| amount(saves.as_f64()?)),
        per: impact.per,
        basis: impact.basis,
        at_least: impact.at_least,
    });
    let fix = finding.fixes.into_iter().next().map(|fix| FixState {
        title: fix.title,
        is_safe: fix.safety == "safe",
        lines: fix.lines.map(|lines| (lines.first, lines.before, lines.after)),
    });
    let first = finding.span.start.line;
    FindingState {
        fingerprint: finding.fingerprint,
        command: command.to_owned(),
        rule: finding.rule,
        severity: finding.severity,
        file: finding.file,
        line: Some(first),
        column: Some(finding.span.start.column),
        instruction_line: finding.instruction_line.filter(|line| *line != first),
        message: finding.message,
        help: finding.help,
        cost,
        also: Vec::new(),
        same_as: None,
        fix,
        last_line: Some(finding.span.end.line.max(first)),
    }
}
