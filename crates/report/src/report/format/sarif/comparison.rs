//! What changed since a baseline: findings with their `baselineState`, and limits that are exceeded.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::level;
use super::{artifact, line_at, logical_place, print, result_at, rule, wire};
use crate::report::comparison::limit_sentence;
use crate::report::format::path::PathBase;
use crate::report::layout::clip;
use crate::results::{Comparison, FindingState, LimitCheck};
use crate::text::LineColumn;

/// What a rule is that has no page.
const NO_PAGE: &str = "a finding of a joined result";

/// What a limit is.
const LIMIT: &str = "a limit of [budget] in dockopt.toml";

/// The comparison in SARIF 2.1.0. Without a baseline no finding has a state.
pub fn write(comparison: &Comparison, exit: u8, base: &PathBase) -> String {
    let present = comparison.state.findings.iter();
    let findings = || present.clone().chain(&comparison.fixed_findings);
    let prints = |findings: &'_ [FindingState]| -> BTreeSet<String> {
        findings.iter().flat_map(FindingState::fingerprints).map(str::to_owned).collect()
    };
    let (new, uncompared) = (prints(&comparison.new_findings), prints(&comparison.uncompared_findings));
    let state = |index: usize, finding: &FindingState| match comparison.baseline {
        None => None,
        Some(_) if index >= comparison.state.findings.len() => Some("absent"),
        Some(_) if new.contains(finding.fingerprint.as_str()) => Some("new"),
        Some(_) if uncompared.contains(finding.fingerprint.as_str()) => None,
        Some(_) => Some("unchanged"),
    };
    let limits: Vec<(String, &LimitCheck)> = comparison.exceeded().map(|check| (limit_rule(check), check)).collect();
    let known: BTreeSet<&str> = findings().map(|finding| finding.rule.as_str()).collect();
    let budgets: BTreeSet<&str> = limits.iter().map(|(name, _)| name.as_str()).collect();
    let described = known.iter().map(|name| match crate::rules::find(name) {
        Some(_) => rule::descriptor(name),
        None => rule::descriptor_without_page(name, NO_PAGE, "warning"),
    });
    let limited = budgets.iter().map(|name| rule::descriptor_without_page(name, LIMIT, "error"));
    let indexes: BTreeMap<&str, usize> =
        known.iter().chain(&budgets).enumerate().map(|(index, name)| (*name, index)).collect();
    let files: BTreeSet<&str> =
        findings().filter(|finding| finding.line.is_some()).map(|finding| finding.file.as_str()).collect();
    let file_indexes: BTreeMap<&str, usize> = files.iter().enumerate().map(|(index, file)| (*file, index)).collect();
    let results = findings().enumerate().map(|(index, finding)| {
        let place = place(finding, base, &file_indexes);
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {}", clip(help))).unwrap_or_default();
        wire::Result {
            rule_index: indexes.get(finding.rule.as_str()).copied(),
            baseline_state: state(index, finding),
            partial_fingerprints: wire::Fingerprints { instruction: print(&finding.fingerprint) },
            ..result_at(&finding.rule, level(finding.severity()), format!("{}{help}", clip(&finding.message)), place)
        }
    });
    let exceeded = limits.iter().map(|(name, check)| wire::Result {
        rule_index: indexes.get(name.as_str()).copied(),
        partial_fingerprints: wire::Fingerprints { instruction: print(&format!("{name}\n{}", check.build)) },
        ..result_at(name, "error", limit_sentence(check).unwrap_or_default(), image_place(&check.build))
    });
    let notices = comparison.notices.iter().map(|notice| super::notification("run-notice", "note", notice));
    super::log_text(
        "report",
        described.chain(limited).collect(),
        super::invocation(exit, notices.collect()),
        files.iter().enumerate().map(|(index, file)| artifact(base, file, Some(index))),
        results.chain(exceeded).collect(),
    )
}

/// The name of a limit's rule: `budget-max-size`.
fn limit_rule(check: &LimitCheck) -> String {
    format!("budget-{}", check.name)
}

/// The line of a file, or the image.
fn place(finding: &FindingState, base: &PathBase, files: &BTreeMap<&str, usize>) -> wire::Location {
    let Some(line) = finding.line else { return image_place(&finding.file) };
    let start = LineColumn { line: line.max(1), column: finding.column.unwrap_or(1).max(1) };
    let file = artifact(base, &finding.file, files.get(finding.file.as_str()).copied());
    wire::Location { physical_location: Some(line_at(file, start)), ..wire::Location::default() }
}

fn image_place(name: &str) -> wire::Location {
    let name = if name.is_empty() { "project" } else { name };
    wire::Location { logical_locations: vec![logical_place(name, name)], ..wire::Location::default() }
}
