//! What several findings cost together.

use std::collections::BTreeMap;

use crate::audit::Report;
use crate::finding::{Basis, CostFrequency, Impact, ImpactKind, Saving};
use crate::report::table;

/// What findings, by index, cost together, each kind of cost once; a step that several builds share counts once. A kind
/// without any amount is named.
pub(super) fn savings(report: &Report, findings: &[usize]) -> Vec<String> {
    let priced = findings.iter().filter(|index| {
        let first = report.shared_steps.get(index);
        first.is_none_or(|first| !findings.contains(first))
    });
    let findings = priced.filter_map(|index| report.findings.get(*index));
    let mut sums: BTreeMap<(ImpactKind, CostFrequency), Impact> = BTreeMap::new();
    let mut unknown: Vec<Impact> = Vec::new();
    for impact in findings.filter_map(Report::price) {
        match impact.saves {
            None => unknown.push(impact.clone()),
            Some(Saving::Reruns { reruns: 0, .. }) => {}
            Some(_) => {
                let sum = sums.entry((impact.kind, impact.per));
                sum.and_modify(|sum| add(sum, impact)).or_insert_with(|| impact.clone());
            }
        }
    }
    let mut texts: Vec<String> = sums.values().map(table::cost).collect();
    for impact in unknown.iter().filter(|impact| !sums.keys().any(|(kind, _)| *kind == impact.kind)) {
        let text = table::cost(impact);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// The same without the kinds that have no amount, where others have one.
pub(super) fn amounts(report: &Report, findings: &[usize]) -> Vec<String> {
    let is_amount = |index: &&usize| {
        report.findings.get(**index).and_then(Report::price).is_some_and(|impact| impact.saves.is_some())
    };
    let priced: Vec<usize> = findings.iter().filter(is_amount).copied().collect();
    let amounts = savings(report, &priced);
    if amounts.is_empty() { savings(report, findings) } else { amounts }
}

/// Adds one price of a kind to others of the same kind.
fn add(sum: &mut Impact, impact: &Impact) {
    if impact.basis == Basis::Typical {
        sum.basis = Basis::Typical;
    }
    sum.saves = match (sum.saves, impact.saves) {
        (Some(Saving::Bytes(a)), Some(Saving::Bytes(b))) => Some(Saving::Bytes(a.saturating_add(b))),
        (Some(Saving::Seconds(a)), Some(Saving::Seconds(b))) => Some(Saving::Seconds(a + b)),
        // The same commit may rerun both.
        (Some(Saving::Reruns { reruns: a, builds }), Some(Saving::Reruns { reruns: b, .. })) => {
            Some(Saving::Reruns { reruns: a.max(b), builds })
        }
        (Some(Saving::Reruns { .. }), other) => other,
        (known, _) => known,
    };
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn joined(parts: &[String]) -> String {
    match parts {
        [parts @ .., last] if !parts.is_empty() => format!("{} and {last}", parts.join(", ")),
        _ => parts.concat(),
    }
}
