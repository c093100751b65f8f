//! Runs the rules about manifests, and names the containers of which it is not known what they run.

use super::file_run::{CheckedFile, KeptAndHidden, run_files};
use super::workload_context::WorkloadContext;
use super::workload_index::{ComposeStacks, ProgramMatch, WorkloadIndex};
use super::{Check, Policies, Rule};
use crate::finding::Findings;
use crate::inputs::{Inputs, WorkloadInput};
use crate::text::{FileId, LineColumn};

/// What the rules find in the manifests.
pub(super) fn run_workloads(inputs: &Inputs, policies: &Policies) -> KeptAndHidden {
    if inputs.workloads.files.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let stacks = ComposeStacks::new(inputs);
    let index = WorkloadIndex::new(inputs, &stacks);
    let index = &index;
    let files: Vec<_> = inputs.workloads.files.iter().map(|input| CheckedWorkload { inputs, index, input }).collect();
    run_files(inputs, policies, &files)
}

/// A manifest.
struct CheckedWorkload<'a> {
    inputs: &'a Inputs,
    index: &'a WorkloadIndex<'a>,
    input: &'a WorkloadInput,
}

impl CheckedFile for CheckedWorkload<'_> {
    fn file(&self) -> FileId {
        self.input.file
    }

    fn commented_files(&self) -> Vec<FileId> {
        vec![self.input.file]
    }

    fn is_checked_by(check: &Check) -> bool {
        matches!(check, Check::Workload(_))
    }

    fn check(&self, rules: &[&'static Rule]) -> Findings {
        check_workload(self.inputs, self.index, self.input, rules)
    }
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
        if let Check::Workload(check) = rule.check {
            check(&WorkloadContext { reporter: rule.reporter(), input, inputs, index }, &mut out);
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
