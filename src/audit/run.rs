//! Inputs ─► report.

use super::{ContextListing, Notice, ProblemReport, Report};
use crate::finding::{Finding, Findings, Mask};
use crate::inputs::{Inputs, Needs};
use crate::rules::{Context, Selection};
use crate::text::{FileId, Source};

/// What rules find in the inputs' builds.
pub fn lint(inputs: &Inputs, selection: &Selection) -> Report {
    let mut problems: Vec<ProblemReport> = Vec::new();
    for problem in &inputs.problems {
        problems.push(ProblemReport {
            file: problem.file.clone(),
            place: problem.place,
            error: problem.fatal,
            message: problem.message.clone(),
            help: problem.help.clone(),
        });
    }
    Report {
        root: inputs.root.clone(),
        sources: inputs.sources.clone(),
        findings: check(inputs, &inputs.sources, selection),
        problems,
        notices: inputs.notices.iter().map(|text| Notice { text: text.clone() }).collect(),
        ..Report::default()
    }
}

/// The whole product: what costs what, per build.
pub fn audit(inputs: &Inputs, selection: &Selection) -> Report {
    lint(inputs, selection)
}

/// What rules find when the inputs' files read so; for fixing to a fixpoint. Files behind those of the inputs are new.
pub fn check(_inputs: &Inputs, sources: &[Source], selection: &Selection) -> Vec<Finding> {
    let mut out = Findings::new();
    for (index, source) in sources.iter().enumerate() {
        for rule in selection.rules() {
            (rule.check)(&Context { rule, file: FileId(index as u32), source }, &mut out);
        }
    }
    out.into_sorted()
}

/// What the builder is sent, per build; nothing where the context was not looked at.
pub fn contexts(_inputs: &Inputs) -> Vec<ContextListing> {
    Vec::new()
}

/// The facts that the selected rules ask for; for `audit` also those of its columns.
pub fn needs(selection: &Selection, _columns: bool) -> Needs {
    selection.rules().iter().fold(Needs::NONE, |needs, rule| needs.union(rule.metadata().needs))
}

/// The secret values in the inputs.
pub fn mask(_inputs: &Inputs) -> Mask {
    Mask::default()
}
