//! The same waste, as `image` measured it and as `audit` or `lint` found its cause: one finding, with the measured bytes.

use std::collections::BTreeMap;

use super::state::{CostState, FindingState};
use crate::text::path;

/// Joins each finding of an image with the one that found the same waste at the same line of the same file.
pub(super) fn join_waste(findings: &mut Vec<FindingState>) {
    let mut causes: BTreeMap<(String, u32), Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.command != "image") {
        if let Some(line) = finding.instruction_line() {
            causes.entry((finding.rule.clone(), line)).or_default().push(at);
        }
    }
    // The measured cost of each, by the name of what was measured: two images of one Dockerfile have the same waste.
    let mut measured: BTreeMap<usize, BTreeMap<String, CostState>> = BTreeMap::new();
    let mut kept = Vec::with_capacity(findings.len());
    let mut aliases: Vec<(usize, String)> = Vec::new();
    for finding in findings.iter() {
        let Some(cause) = same_waste(findings, &causes, finding) else {
            kept.push(true);
            continue;
        };
        kept.push(false);
        aliases.push((cause, finding.fingerprint.clone()));
        if let Some(cost) = &finding.cost {
            let known = measured.entry(cause).or_default().entry(finding.rule.clone()).or_insert_with(|| cost.clone());
            if cost.saves > known.saves {
                known.clone_from(cost);
            }
        }
    }
    for (cause, fingerprint) in aliases {
        let also = &mut findings[cause].also;
        if !also.contains(&fingerprint) {
            also.push(fingerprint);
        }
    }
    for (cause, costs) in measured {
        replace_cost(&mut findings[cause], costs.into_values());
    }
    let mut kept = kept.into_iter();
    findings.retain(|_| kept.next().unwrap_or(true));
}

/// The finding of another command that an image's finding repeats.
fn same_waste(
    findings: &[FindingState],
    causes: &BTreeMap<(String, u32), Vec<usize>>,
    finding: &FindingState,
) -> Option<usize> {
    let rule = finding.same_as.clone()?;
    let file = path::normalize(&finding.file);
    let is_same_file = |at: &&usize| {
        let other = path::normalize(&findings[**at].file);
        path::ends_with(&other, &file) || path::ends_with(&file, &other)
    };
    causes.get(&(rule, finding.instruction_line()?))?.iter().find(is_same_file).copied()
}

/// What was measured replaces what is typical; what was measured before stays.
fn replace_cost(finding: &mut FindingState, costs: impl Iterator<Item = CostState>) {
    if finding.cost.as_ref().is_some_and(|cost| cost.basis == "measured") {
        return;
    }
    let sum = costs.reduce(|sum, cost| CostState {
        saves: sum.saves.zip(cost.saves).map(|(sum, cost)| sum + cost),
        at_least: sum.at_least || cost.at_least,
        ..sum
    });
    finding.cost = sum.or_else(|| finding.cost.take());
}
