//! Which services a finding about a script means that stops them: those of the compose file that the script names.

use crate::compose::{OVERRIDE_FILES, is_main_file};
use crate::finding::Finding;
use crate::inputs::{ComposeInput, FileCall, Inputs, WorkflowInput};
use crate::text::{FileId, path};
use crate::workflow::ComposeCall;

/// Whether the call of Compose that a finding is about is for a compose file; `None` where it is about no such call.
pub(super) fn is_for_file(
    inputs: &Inputs,
    compose: &ComposeInput,
    workflow: &WorkflowInput,
    finding: &Finding,
) -> Option<bool> {
    let calls = FileCall::all(workflow);
    let is_there = |call: &&FileCall| {
        let place = call.call.place;
        workflow.file_of(place) == Some(finding.file)
            && (place.span.contains(finding.span) || finding.span.contains(place.span))
    };
    let FileCall { call, files, .. } = calls.iter().find(is_there)?;
    let Some(files) = files else { return Some(inputs.composes.len() == 1) };
    if files.is_empty() {
        return Some(is_chosen(inputs, compose, workflow, call));
    }
    Some(files.iter().any(|file| compose_file_of(inputs, workflow, file) == Some(compose.file)))
}

/// The compose file that a script names: the one at its path, else the one with this end of its path that lies next to the top.
fn compose_file_of(inputs: &Inputs, workflow: &WorkflowInput, file: &str) -> Option<FileId> {
    let whole = workflow.repository.name(file);
    let name = |compose: &&ComposeInput| inputs.source(compose.file).name();
    let same = inputs.composes.iter().find(|compose| name(compose) == whole);
    let with_end = inputs.composes.iter().filter(|compose| path::ends_with(name(compose), file));
    let nearest = || with_end.min_by_key(|compose| name(compose).len());
    same.or_else(nearest).map(|compose| compose.file)
}

/// Whether Compose takes a file where a call names none: its own names, in the folder of the call where that is known.
fn is_chosen(inputs: &Inputs, compose: &ComposeInput, workflow: &WorkflowInput, call: &ComposeCall) -> bool {
    let name = |compose: &ComposeInput| inputs.source(compose.file).name();
    let is_own_name = |file: &str| is_main_file(path::name(file)) || OVERRIDE_FILES.contains(&path::name(file));
    let is_main = |file: &str| is_own_name(file) && is_near(workflow, call, file);
    let has_main = inputs.composes.iter().any(|other| is_main(name(other)));
    if has_main { is_main(name(compose)) } else { inputs.composes.len() == 1 }
}

/// Whether a file lies where a call looks for its own.
fn is_near(workflow: &WorkflowInput, call: &ComposeCall, file: &str) -> bool {
    let Some(folder) = &call.folder else { return true };
    let chosen = workflow.repository.composes_of(folder);
    chosen.is_empty() || chosen.iter().any(|known| workflow.repository.name(known) == file)
}
