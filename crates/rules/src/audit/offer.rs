//! What a rewrite is worth: the findings that the rewritten build no longer has.

use std::collections::BTreeMap;

use super::{BuildReport, Report, check};
use crate::finding::Finding;
use crate::inputs::Inputs;
use crate::rules::Policies;
use crate::text::{FileId, Source};

/// What the rewrite of one build removes.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The Dockerfile.
    pub dockerfile: FileId,
    /// The folder of its build context, as the user would type it.
    pub context: Option<String>,
    /// The stage that is built; `None` for the last.
    pub target: Option<String>,
    /// Findings of the build in the report.
    pub before: usize,
    /// How many of them are left after the rewrite, with those that it adds.
    pub after: usize,
    /// The findings of the report that are gone then, by index; of several by one rule, the cheapest count as gone.
    pub resolved: Vec<usize>,
}

/// What the rewrite of the only build of `inputs` to these sources removes of what a report says; `None` if it removes
/// nothing.
pub fn offer(inputs: &Inputs, policies: &Policies, report: &Report, rewritten: &[Source]) -> Option<Offer> {
    let build = inputs.builds.first()?;
    // The rewrite changes no other file.
    let policies = &policies.for_builds();
    let before = counts(inputs, &inputs.sources, policies);
    let after = counts(inputs, rewritten, policies);
    let build_report = report.builds.iter().find(|known| known.dockerfile == build.dockerfile)?;
    let resolved = resolved(report, build_report, &before, &after);
    let added = after.iter().map(|(rule, count)| count.saturating_sub(before.get(rule).copied().unwrap_or(0)));
    // What only an image shows is in the report, but no rewrite tells what becomes of it.
    let reported = build_report.findings.len();
    let left = reported - resolved.len() + added.sum::<usize>();
    let offer = Offer {
        dockerfile: build.dockerfile,
        context: build.context_root.clone(),
        target: build.options.target.clone(),
        before: reported,
        after: left,
        resolved,
    };
    (offer.after < offer.before && !offer.resolved.is_empty()).then_some(offer)
}

/// How many findings each rule has.
fn counts(inputs: &Inputs, sources: &[Source], policies: &Policies) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in check(inputs, sources, policies) {
        *counts.entry(finding.rule).or_default() += 1;
    }
    counts
}

fn resolved(
    report: &Report,
    build: &BuildReport,
    before: &BTreeMap<&'static str, usize>,
    after: &BTreeMap<&'static str, usize>,
) -> Vec<usize> {
    let mut resolved = Vec::new();
    for (rule, count) in before {
        let gone = count.saturating_sub(after.get(rule).copied().unwrap_or(0));
        let is_of_rule = |index: &&usize| report.findings.get(**index).is_some_and(|finding| finding.rule == *rule);
        let mut findings: Vec<usize> = build.findings.iter().filter(is_of_rule).copied().collect();
        let rank = |index: &usize| report.findings.get(*index).map_or(0.0, Finding::rank);
        findings.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
        resolved.extend(findings.into_iter().take(gone));
    }
    resolved.sort_unstable();
    resolved
}
