//! Findings of the Dockerfile alone that its build context may disprove. `lint` looks there only where it found one.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::run::check_builds;
use super::{Context, Neighbours, Policies, find};
use crate::build::Build;
use crate::finding::{Finding, Findings};
use crate::inputs::{IgnoreInput, Inputs};
use crate::text::FileId;

/// A rule and the line of an instruction.
type Place = (&'static str, Option<u32>);

/// The Dockerfiles with findings that their build contexts, which nobody has looked at, may disprove.
pub fn unconfirmed(inputs: &Inputs, builds: &[Build], findings: &[Finding]) -> BTreeSet<FileId> {
    let unseen: BTreeSet<FileId> = builds
        .iter()
        .filter(|build| {
            let input = build.input();
            input.context.is_none()
                && input.context_root.is_some()
                && !matches!(input.ignore, IgnoreInput::Unknown)
                && build.uses_context()
        })
        .map(|build| build.input().dockerfile)
        .collect();
    let is_unconfirmed = |finding: &&Finding| unseen.contains(&finding.file) && depends_on_context(finding.rule);
    let files = findings.iter().filter(is_unconfirmed).map(|finding| finding.file);
    files.filter(|file| inputs.builds.iter().any(|input| input.dockerfile == *file)).collect()
}

/// Replaces findings by what the rules find in builds whose contexts are known, and removes those that they do not repeat.
pub fn confirm<'i>(inputs: &'i Inputs, builds: &[Build<'i>], policies: &Policies, findings: &mut Vec<Finding>) {
    let neighbours = Neighbours::new(builds);
    let mut rules: BTreeMap<FileId, BTreeSet<&'static str>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| depends_on_context(finding.rule)) {
        rules.entry(finding.file).or_default().insert(finding.rule);
    }
    let of_build = |build: &Build<'i>| {
        let file = build.input().dockerfile;
        let policy = policies.of(file);
        let mut out = Findings::new();
        for rule in rules.get(&file).into_iter().flatten().filter_map(|name| find(name)) {
            (rule.check)(&Context::new(rule, inputs, &neighbours, build).under(&policy.settings), &mut out);
        }
        (file, build.input().context.is_some().then(|| policy.judge(out)))
    };
    // A Dockerfile that is built in several ways keeps what is found in one of them.
    let mut confirmed: BTreeMap<FileId, Option<BTreeMap<Place, Vec<Finding>>>> = BTreeMap::new();
    for (file, of_build) in check_builds(builds, of_build).collect::<Vec<_>>() {
        let known = confirmed.entry(file).or_insert_with(|| Some(BTreeMap::new()));
        match (known.as_mut(), of_build) {
            (Some(known), Some(of_build)) => {
                for finding in of_build.into_iter().rev() {
                    known.entry(place(&finding)).or_default().push(finding);
                }
            }
            _ => *known = None,
        }
    }
    findings.retain_mut(|finding| match confirmed.get_mut(&finding.file) {
        Some(Some(known)) if depends_on_context(finding.rule) => {
            let confirmed = known.get_mut(&place(finding)).and_then(Vec::pop);
            confirmed.map(|confirmed| replace(finding, confirmed)).is_some()
        }
        _ => true,
    });
}

fn replace(finding: &mut Finding, confirmed: Finding) {
    // Whoever took the fixes away had a reason that no context changes.
    let fixes = if finding.fixes.is_empty() { Vec::new() } else { confirmed.fixes };
    *finding = Finding { fixes, ..confirmed };
}

fn place(finding: &Finding) -> Place {
    (finding.rule, finding.instruction_line)
}

/// Whether a rule can do without the build context, and is more precise with it.
fn depends_on_context(rule: &str) -> bool {
    find(rule).is_some_and(|rule| rule.metadata().wants.context())
}
