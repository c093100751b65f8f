//! What `dockopt optimize` would save and how many findings `dockopt fix` would fix, worked out by doing it.

use rayon::prelude::*;

use super::rewrites::{RULE, is_too_large};
use crate::audit::{BuildReport, Importance, InputAudit, Offer, Report, offer};
use crate::cli::optimize::default_options;
use crate::finding::Finding;
use crate::inputs::{BuildInput, Inputs, RunOptions};
use crate::load::EvidenceReader;
use crate::optimize::{Options, optimize};
use crate::report::FixCounts;
use crate::rules::{AllRules, Policies};
use crate::text::path;

/// Builds that are rewritten until one is worth naming, the most important first, those with the most expensive findings: a rewrite takes longer than an audit.
const REWRITTEN: usize = 3;

/// What the rewrite of the most important build would remove for which `optimize` does more than `fix`.
pub(super) fn best_offer(inputs: &Inputs, policies: &Policies, report: &Report) -> Option<Offer> {
    if inputs.unsettled || is_too_large(inputs) {
        return None;
    }
    let findings = |build: &BuildReport| build.findings.iter().filter_map(|index| report.findings.get(*index)).count();
    let worth = |build: &BuildReport| {
        let findings = build.findings.iter().filter_map(|index| report.findings.get(*index));
        findings.map(Finding::rank).sum::<f64>()
    };
    let mut builds: Vec<&BuildReport> = report.builds.iter().filter(|build| findings(build) > 0).collect();
    builds.sort_by(|a, b| a.importance.cmp(&b.importance).then(worth(b).total_cmp(&worth(a))));
    // A build for developers is offered only where there is no other, and one that the builder refuses never.
    let has_others = report.builds.iter().any(|build| build.importance != Importance::Development);
    builds.retain(|build| build.importance != Importance::Development || !has_others);
    let name = |build: &BuildReport| inputs.source(build.dockerfile).name();
    builds.retain(|build| !report.problems.iter().any(|problem| problem.error && problem.file == name(build)));
    builds.truncate(REWRITTEN);
    let options = default_options(inputs);
    let find = |build: &BuildReport| {
        let index = inputs.builds.iter().position(|input| input.dockerfile == build.dockerfile)?;
        let alone = alone(inputs, index)?;
        let evidence = EvidenceReader::new(&alone).evidence(0);
        let options = options.get(index).cloned().unwrap_or_else(|| Options::new(&AllRules));
        let rewrite = optimize(&alone, 0, &evidence, &options);
        rewrite.highest()?;
        let mut offer = offer(&alone, policies, report, rewrite.result())?;
        // What a rewrite can change is changed then.
        let is_rewrite = |index: &usize| report.findings.get(*index).is_some_and(|finding| finding.rule == RULE);
        let rewrites: Vec<usize> = build.findings.iter().copied().filter(is_rewrite).collect();
        offer.after -= rewrites.len();
        offer.resolved.extend(rewrites);
        offer.resolved.sort_unstable();
        Some(offer)
    };
    let is_more = |offer: &Offer| {
        let mut resolved = offer.resolved.iter().filter_map(|index| report.findings.get(*index));
        resolved.any(|finding| !finding.has_safe_fix() && Report::price(finding).is_some())
    };
    builds.into_par_iter().filter_map(find).find_first(is_more)
}

/// What `fix` would do, worked out by fixing.
pub(super) fn fix_counts(audit: &InputAudit, policies: &Policies) -> FixCounts {
    let inputs = audit.inputs();
    if inputs.unsettled || is_too_large(inputs) {
        return FixCounts::default();
    }
    let (safe, all) = audit.count_fixes(policies);
    FixCounts { safe: safe as u64, all: all as u64 }
}

/// The inputs of one build, as they are if the command names it; `None` for one that no command can name.
fn alone(inputs: &Inputs, index: usize) -> Option<Inputs> {
    let build = inputs.builds.get(index)?;
    let mut alone = inputs.with_sources(&inputs.sources);
    alone.composes = Vec::new();
    if inputs.builds.len() > 1 {
        let source = inputs.source(build.dockerfile);
        if source.embedding().is_some() {
            return None;
        }
        alone.builds = vec![without_compose(build, source.name())];
    }
    Some(alone)
}

/// A build that is named by its context and its Dockerfile: what compose files say of it is not used then.
fn without_compose(build: &BuildInput, name: &str) -> BuildInput {
    let mut build = build.clone();
    let root = build.context_root.as_deref().unwrap_or(".");
    if let Some(place) = path::relative(name, root) {
        place.clone_into(&mut build.place);
    }
    build.services = Vec::new();
    build.recipe = None;
    build.built_by = None;
    build.options.build_args = Vec::new();
    build.options.run = RunOptions::default();
    build
}
