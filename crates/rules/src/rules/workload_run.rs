//! Runs the rules about manifests, and hides what comments hide.

use super::compose_run::pragmas_of_file;
use super::workload_context::WorkloadContext;
use super::workload_index::{ComposeStacks, ProgramMatch, WorkloadIndex};
use super::{Policies, Rule};
use crate::finding::{Finding, Findings, SuppressionUse, suppress};
use crate::inputs::{Inputs, WorkloadInput};
use crate::text::LineColumn;

/// What the rules find in the manifests: the findings to report, and those that comments and settings hide.
pub(super) fn run_workloads(inputs: &Inputs, policies: &Policies) -> (Vec<Finding>, Vec<Finding>) {
    let (mut findings, mut hidden) = (Vec::new(), Vec::new());
    if inputs.workloads.files.is_empty() {
        return (findings, hidden);
    }
    let stacks = ComposeStacks::new(inputs);
    let index = WorkloadIndex::new(inputs, &stacks);
    for input in &inputs.workloads.files {
        let policy = policies.of(input.file);
        if policy.rules().iter().all(|rule| rule.workload.is_none()) {
            continue;
        }
        let out = check_workload(inputs, &index, input, policy.rules());
        let pragmas = pragmas_of_file(inputs, input.file, policy);
        let all = pragmas.suppressions.iter().chain(&policy.settings.suppressions);
        let mut judged: Vec<SuppressionUse> =
            all.map(|suppression| SuppressionUse::new(suppression, inputs.today)).collect();
        let (kept, more) = suppress(policy.judge(out), &mut judged, &inputs.sources);
        findings.extend(kept);
        hidden.extend(more);
    }
    (findings, hidden)
}

/// What rules find in a manifest.
pub(super) fn check_workload<'a>(
    inputs: &'a Inputs,
    index: &'a WorkloadIndex<'a>,
    input: &'a WorkloadInput,
    rules: &[&'static Rule],
) -> Findings {
    let mut out = Findings::new();
    for rule in rules {
        if let Some(check) = rule.workload {
            let (rule, metadata) = (rule.name, rule.metadata());
            check(&WorkloadContext { rule, metadata, input, inputs, index }, &mut out);
        }
    }
    out
}

/// A container of which it is not known which program of the project it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmbiguousContainer {
    /// Its file.
    pub file: String,
    /// Where it is named.
    pub place: LineColumn,
    /// Its name.
    pub name: String,
    /// The programs that it may run.
    pub programs: Vec<String>,
}

/// The containers of a run that may run one of several programs.
pub fn ambiguous_containers(inputs: &Inputs) -> Vec<AmbiguousContainer> {
    let mut ambiguous = Vec::new();
    if inputs.workloads.files.is_empty() {
        return ambiguous;
    }
    let stacks = ComposeStacks::new(inputs);
    let index = WorkloadIndex::new(inputs, &stacks);
    for input in &inputs.workloads.files {
        let source = inputs.source(input.file);
        for workload in &input.content.workloads {
            for container in &workload.containers {
                if let ProgramMatch::Ambiguous(programs) = index.program(&input.place, workload, container) {
                    let place = source.line_column(container.span.start);
                    let (file, name) = (source.name().to_owned(), container.name.clone());
                    ambiguous.push(AmbiguousContainer { file, place, name, programs });
                }
            }
        }
    }
    ambiguous
}
