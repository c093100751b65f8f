//! What is wrong with pipelines, and what of them is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{ProblemReport, SkippedInput};
use crate::finding::Mask;
use crate::inputs::{Inputs, WorkflowInput};
use crate::rules::{self, Policies};
use crate::text::path;
use crate::workflow::{BuildCall, Builder, WorkflowGap, WorkflowPlace, WorkflowProblem};

/// Lines about what is not known of one pipeline.
const GAPS: usize = 20;

/// What is wrong with a pipeline's text, and with comments in it.
pub(super) fn problems(
    inputs: &Inputs,
    workflow: &WorkflowInput,
    policies: &Policies,
    mask: &Mask,
) -> Vec<ProblemReport> {
    let report = |problem: &WorkflowProblem| {
        let source = inputs.source(workflow.file_of(problem.place)?);
        Some(ProblemReport {
            code: "pipeline-file",
            file: source.name().to_owned(),
            place: Some(source.line_column(problem.place.span.start)),
            error: true,
            message: mask.apply(&problem.message),
            help: Some("the readable parts were checked".to_owned()),
            ..ProblemReport::default()
        })
    };
    let mut problems: Vec<_> = workflow.workflow.problems.iter().filter_map(report).collect();
    let source = inputs.source(workflow.file);
    let pragmas = rules::pragmas_of_file(inputs, workflow.file, policies.of(workflow.file));
    problems.extend(pragmas.problems.into_iter().map(|problem| ProblemReport::of_pragma(problem, source, mask)));
    problems
}

/// What is not known of the pipelines, so that nothing is said of it: a line each.
pub(super) fn gaps(inputs: &Inputs, mask: &Mask) -> Vec<SkippedInput> {
    let mut skipped = Vec::new();
    for workflow in &inputs.workflows {
        let mut gaps: Vec<WorkflowGap> = counted_gaps(workflow);
        gaps.extend(workflow.calls.iter().filter_map(|call| unknown_build(workflow, call)));
        gaps.sort();
        gaps.dedup();
        let more = gaps.len().saturating_sub(GAPS);
        for gap in gaps.into_iter().take(GAPS) {
            let (name, line) = place(inputs, workflow, &gap);
            skipped.push(SkippedInput {
                what: format!("{name}:{line}"),
                why: mask.apply(&gap.what),
                remedy: "findings that need it are left out".to_owned(),
            });
        }
        if more > 0 {
            let name = inputs.source(workflow.file).name().to_owned();
            let why = format!("{more} more parts of it are not known");
            skipped.push(SkippedInput { what: name, why, remedy: "findings that need them are left out".to_owned() });
        }
    }
    skipped
}

/// The gaps where an image may be built: what other jobs do is of no interest.
fn counted_gaps(workflow: &WorkflowInput) -> Vec<WorkflowGap> {
    let building: BTreeSet<usize> = workflow.calls.iter().map(|call| call.job).collect();
    let mut counts: BTreeMap<WorkflowPlace, bool> = BTreeMap::new();
    for (number, job) in workflow.workflow.jobs.iter().enumerate() {
        counts.entry(job.place).or_insert(job.calls.is_some() || building.contains(&number));
    }
    let is_counted = |gap: &&WorkflowGap| counts.get(&gap.place).copied().unwrap_or(true);
    workflow.workflow.gaps.iter().filter(is_counted).cloned().collect()
}

/// What is not known of a build before a run.
fn unknown_build(workflow: &WorkflowInput, call: &BuildCall) -> Option<WorkflowGap> {
    let job = workflow.workflow.jobs.get(call.job)?;
    if job.matrix.is_open || call.builder == Builder::Bake || call.builder == Builder::Compose || call.legs.is_some() {
        return None;
    }
    let texts = [("build context", &call.context), ("Dockerfile", &call.file), ("folder", &call.folder)];
    let (what, text) = texts.into_iter().find_map(|(what, text)| {
        let text = text.as_ref().filter(|text| text.text.contains('$'))?;
        Some((what, text))
    })?;
    // A folder that is not known is `$`, and what is below it `$/…`.
    let what = match text.text.trim_start_matches("$/") {
        "$" | "" => format!("the {what} is not known before a run"),
        name => format!("the {what} `{name}` is not known before a run"),
    };
    Some(WorkflowGap { place: text.place, what })
}

fn place(inputs: &Inputs, workflow: &WorkflowInput, gap: &WorkflowGap) -> (String, u32) {
    if let Some(file) = workflow.file_of(gap.place) {
        (inputs.source(file).name().to_owned(), inputs.source(file).line(gap.place.span.start))
    } else {
        let part = workflow.workflow.files.get(gap.place.file as usize);
        let name = part.map(|part| path::normalize(&workflow.repository.name(part))).unwrap_or_default();
        let text = part.and_then(|part| workflow.repository.texts.get(part));
        (name, text.map_or(1, |source| source.line(gap.place.span.start)))
    }
}
