//! Runs the rules about compose files, and compares a file before and after edits.

use std::collections::BTreeSet;

use super::compose_context::ComposeContext;
use super::file_run::{CheckedFile, KeptAndHidden, run_files};
use super::{Check, Policies, Rule};
use crate::compose::project::{ComposeMap, ComposeProject, ComposeValue};
use crate::finding::Findings;
use crate::inputs::{ComposeInput, Inputs};
use crate::stack::Stack;
use crate::text::FileId;
use crate::yaml::YamlEditor;

/// What the rules find in the compose files.
pub(super) fn run_composes(inputs: &Inputs, policies: &Policies) -> KeptAndHidden {
    let files: Vec<_> = inputs.composes.iter().map(|input| CheckedCompose { inputs, input }).collect();
    run_files(inputs, policies, &files)
}

/// A compose file with its parts.
struct CheckedCompose<'a> {
    inputs: &'a Inputs,
    input: &'a ComposeInput,
}

impl CheckedFile for CheckedCompose<'_> {
    fn file(&self) -> FileId {
        self.input.file
    }

    fn commented_files(&self) -> Vec<FileId> {
        std::iter::once(self.input.file).chain(self.input.parts.iter().copied()).collect()
    }

    fn is_checked_by(check: &Check) -> bool {
        matches!(check, Check::Compose(_))
    }

    fn check(&self, rules: &[&'static Rule]) -> Findings {
        check_compose(self.inputs, self.input, rules)
    }
}

/// What rules find in a compose file.
pub(super) fn check_compose(inputs: &Inputs, input: &ComposeInput, rules: &[&'static Rule]) -> Findings {
    let mut out = Findings::new();
    let Some(project) = &input.reading.project else { return out };
    let stack = Stack::new(project, &input.dockerfiles);
    let files = std::iter::once(input.file).chain(input.parts.iter().copied());
    let editors: Vec<_> = files.map(|file| (file, YamlEditor::new(inputs.source(file)))).collect();
    for rule in rules {
        if let Check::Compose(check) = rule.check {
            let reporter = rule.reporter();
            let (stack, editors, today, others) = (&stack, &editors[..], inputs.today, &inputs.composes[..]);
            check(&ComposeContext { reporter, input, project, stack, editors, today, others }, &mut out);
        }
    }
    // Several services may extend one.
    let mut seen = BTreeSet::new();
    out.retain(|finding| finding.file == input.file || seen.insert((finding.rule, finding.file, finding.span)));
    out
}

/// What an edit did to a project that none of the rules announces (`compose.healthcheck` is what stands under
/// `healthcheck` in services); `None` where all is announced.
pub fn compose_breach(before: &ComposeInput, after: &ComposeInput, announced: &[&str]) -> Option<String> {
    let refusals = |input: &ComposeInput| input.reading.problems.iter().filter(|problem| problem.is_error).count();
    if refusals(after) > refusals(before) {
        let why = after.reading.problems.iter().find(|problem| problem.is_error)?;
        return Some(format!("Compose would refuse the file: {}", why.message));
    }
    match (&before.reading.project, &after.reading.project) {
        (Some(before), Some(after)) => difference(before, after, announced),
        (Some(_), None) => Some("the file could not be read any more".to_owned()),
        (None, _) => None,
    }
}

fn difference(before: &ComposeProject, after: &ComposeProject, announced: &[&str]) -> Option<String> {
    let allows = |key: &str| announced.iter().any(|word| word.strip_prefix("compose.") == Some(key));
    let services = |project: &ComposeProject| project.model.get("services").cloned().unwrap_or_default();
    let (old, new) = (services(before), services(after));
    let empty = ComposeMap::default();
    let (old, new) = (old.as_map().unwrap_or(&empty), new.as_map().unwrap_or(&empty));
    for (name, value) in old.iter().chain(new.iter()) {
        let (Some(old), Some(new)) = (old.get(name), new.get(name)) else {
            if allows("services") {
                continue;
            }
            return Some(format!("the service `{name}` would come or go, which no rule announces"));
        };
        let keys = value.value.as_map().into_iter().flat_map(ComposeMap::iter).map(|(key, _)| key);
        for key in keys.filter(|key| !allows(key)) {
            if !same(old.get(key), new.get(key)) {
                return Some(format!("`{key}` of the service `{name}` would change, which no rule announces"));
            }
        }
    }
    let keys = before.model.iter().chain(after.model.iter()).map(|(key, _)| key);
    let mut others = keys.filter(|key| *key != "services" && !allows(key));
    let changed = others.find(|key| !same(before.model.get(key), after.model.get(key)))?;
    Some(format!("`{changed}` would change, which no rule announces"))
}

fn same(old: Option<&ComposeValue>, new: Option<&ComposeValue>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.equals(new),
        (None, None) => true,
        _ => false,
    }
}
