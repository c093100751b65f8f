//! What helps to adopt dockopt on an old repository: findings counted per rule, and the comments that hide them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::pretty;
use super::page::{Column, Page, Section, Table, Tone, number, plain, toned};
use super::units::count;
use crate::audit::{AddedIgnores, Report};
use crate::finding::{Safety, Severity};
use crate::wire::object;

/// The findings of one rule.
#[derive(Debug, Serialize)]
struct RuleCount {
    rule: &'static str,
    severity: &'static str,
    count: usize,
    /// How many have a fix that cannot change what the image does.
    safe_fixes: usize,
    /// How many have a fix that may.
    unsafe_fixes: usize,
}

/// The most frequent rule first, then by name.
fn rule_counts(report: &Report) -> Vec<RuleCount> {
    let mut rules: BTreeMap<&str, RuleCount> = BTreeMap::new();
    let mut severities: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in &report.findings {
        let severity = severities.entry(finding.rule).or_insert(finding.severity);
        *severity = finding.severity.max(*severity);
        let entry = RuleCount { rule: finding.rule, severity: "", count: 0, safe_fixes: 0, unsafe_fixes: 0 };
        let rule = rules.entry(finding.rule).or_insert(entry);
        rule.severity = severity.name();
        rule.count += 1;
        match finding.fixes.first().map(|fix| &fix.safety) {
            Some(Safety::Safe) => rule.safe_fixes += 1,
            Some(Safety::Unsafe(_)) => rule.unsafe_fixes += 1,
            None => {}
        }
    }
    let mut rules: Vec<RuleCount> = rules.into_values().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.count));
    rules
}

/// A line per rule with findings.
pub fn statistics(report: &Report) -> Page {
    let row = |rule: &RuleCount| {
        let fixes = [(rule.safe_fixes, "safe"), (rule.unsafe_fixes, "unsafe")];
        let fixes = fixes.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}"));
        let fixes = fixes.collect::<Vec<_>>().join(", ");
        vec![number(rule.count.to_string()), plain(rule.severity), toned(rule.rule, Tone::Strong), plain(fixes)]
    };
    let rows: Vec<_> = rule_counts(report).iter().map(row).collect();
    let (findings, files) = (report.findings.len() as u64, report.sources.len() as u64);
    let sum =
        format!("{} of {} in {}", count(findings, "finding"), count(rows.len() as u64, "rule"), count(files, "file"));
    let table = Table::new(&[Column::Right, Column::Left, Column::Left, Column::Left], rows);
    let mut page = Page::new("Findings of each rule");
    page.push(table.with_head(&["count", "severity", "rule", "fixes"]));
    page.push(Section::default().with(plain(sum)));
    page
}

/// The same for programs.
pub fn statistics_json(report: &Report) -> String {
    pretty(&object! {
        schema: "dockopt.statistics/1",
        dockopt: env!("CARGO_PKG_VERSION"),
        findings: report.findings.len(),
        rules: rule_counts(report),
    })
}

/// What `lint --add-ignores` did.
pub fn added_ignores(added: &AddedIgnores) -> Page {
    let mut page = Page::new("Added comments");
    let files = count(added.changes.len() as u64, "file");
    page.push(plain(format!("{} hidden by comments in {files}", count(added.hidden as u64, "finding"))));
    if !added.remaining_rules.is_empty() {
        let rules: Vec<&str> = added.remaining_rules.iter().copied().collect();
        page.push(plain(format!("findings of these rules cannot be hidden by a comment: {}", rules.join(", "))));
    }
    if added.refused {
        let text = "inputs that the builder rejects cannot be hidden by a comment; `dockopt lint` shows them";
        page.push(plain(text));
    }
    page
}

/// The same for programs.
pub fn added_ignores_json(added: &AddedIgnores) -> String {
    pretty(&object! {
        schema: "dockopt.add-ignores/1",
        dockopt: env!("CARGO_PKG_VERSION"),
        hidden: added.hidden,
        files: added.changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>(),
        left: &added.remaining_rules,
        refused: added.refused,
    })
}
