//! Runs the rules about files that are no Dockerfiles, and hides what comments and settings hide: the same for compose files,
//! pipelines and manifests.

use rayon::prelude::*;

use super::{Check, Policies, Policy, Rule, known_rules};
use crate::finding::{Finding, Findings, Suppression, SuppressionUse, suppress};
use crate::inputs::Inputs;
use crate::settings::{Pragmas, compose_pragmas};
use crate::text::FileId;
use crate::yaml;

/// Findings to report, and those that comments and settings hide.
pub(super) type KeptAndHidden = (Vec<Finding>, Vec<Finding>);

/// A file that rules check.
pub(super) trait CheckedFile: Sync {
    /// The file whose settings hold.
    fn file(&self) -> FileId;

    /// The files whose comments hide findings: the file, and those that are checked with it.
    fn commented_files(&self) -> Vec<FileId>;

    /// Whether a check is about files of this kind.
    fn is_checked_by(check: &Check) -> bool;

    /// What rules find in it.
    fn check(&self, rules: &[&'static Rule]) -> Findings;
}

/// Runs the selected rules over files of one kind.
pub(super) fn run_files<F: CheckedFile>(inputs: &Inputs, policies: &Policies, files: &[F]) -> KeptAndHidden {
    let all: Vec<_> = files.par_iter().map(|file| run_file(inputs, policies, file)).collect();
    let (mut findings, mut hidden) = (Vec::new(), Vec::new());
    for (kept, more) in all {
        findings.extend(kept);
        hidden.extend(more);
    }
    (findings, hidden)
}

fn run_file<F: CheckedFile>(inputs: &Inputs, policies: &Policies, file: &F) -> KeptAndHidden {
    let policy = policies.of(file.file());
    if !policy.rules().iter().any(|rule| F::is_checked_by(&rule.check)) {
        return (Vec::new(), Vec::new());
    }
    let findings = file.check(policy.rules());
    let pragmas: Vec<Pragmas> =
        file.commented_files().into_iter().map(|file| pragmas_of_file(inputs, file, policy)).collect();
    let written = pragmas.iter().flat_map(|pragmas| &pragmas.suppressions);
    let (kept, hidden, _) = hide(inputs, policy, findings, written);
    (kept, hidden)
}

/// Judges findings by a policy, and hides those that written suppressions or those of the settings hide; last which of them
/// were used.
pub(super) fn hide<'s>(
    inputs: &Inputs,
    policy: &'s Policy,
    findings: Findings,
    written: impl Iterator<Item = &'s Suppression>,
) -> (Vec<Finding>, Vec<Finding>, Vec<SuppressionUse>) {
    let all = written.chain(&policy.settings.suppressions);
    let mut uses: Vec<SuppressionUse> = all.map(|suppression| SuppressionUse::new(suppression, inputs.today)).collect();
    let (kept, hidden) = suppress(policy.judge(findings), &mut uses, &inputs.sources);
    (kept, hidden, uses)
}

/// The comments of a file of YAML, as far as its settings allow them.
pub fn pragmas_of_file(inputs: &Inputs, file: FileId, policy: &Policy) -> Pragmas {
    let source = inputs.source(file);
    if policy.settings.no_inline || !source.text().contains("dockopt") {
        return Pragmas::default();
    }
    compose_pragmas(file, source, &yaml::read(source.text()), known_rules())
}
