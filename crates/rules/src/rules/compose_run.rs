//! Runs the rules about compose files, hides what comments hide, and compares a file before and after edits.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::compose_context::ComposeContext;
use super::{Policies, Policy, Rule, known_rules};
use crate::compose::project::{ComposeMap, ComposeProject, ComposeValue};
use crate::finding::{Finding, Findings, SuppressionUse, suppress};
use crate::inputs::{ComposeInput, Inputs};
use crate::settings::{Pragmas, compose_pragmas};
use crate::stack::Stack;
use crate::text::FileId;
use crate::yaml;
use crate::yaml::YamlEditor;

/// What the rules find in the compose files: the findings to report, and those that comments and settings hide.
pub(super) fn run_composes(inputs: &Inputs, policies: &Policies) -> (Vec<Finding>, Vec<Finding>) {
    let jobs: Vec<_> = inputs.composes.par_iter().map(|input| of_file(inputs, input, policies)).collect();
    let (mut findings, mut hidden) = (Vec::new(), Vec::new());
    for (kept, more) in jobs {
        findings.extend(kept);
        hidden.extend(more);
    }
    (findings, hidden)
}

fn of_file(inputs: &Inputs, input: &ComposeInput, policies: &Policies) -> (Vec<Finding>, Vec<Finding>) {
    let policy = policies.of(input.file);
    if policy.rules().iter().all(|rule| rule.compose.is_none()) {
        return (Vec::new(), Vec::new());
    }
    let out = check_compose(inputs, input, policy.rules());
    let files = std::iter::once(input.file).chain(input.parts.iter().copied());
    let pragmas: Vec<Pragmas> = files.map(|file| pragmas_of_file(inputs, file, policy)).collect();
    let written = pragmas.iter().flat_map(|pragmas| &pragmas.suppressions);
    let all = written.chain(&policy.settings.suppressions);
    let mut judged: Vec<SuppressionUse> =
        all.map(|suppression| SuppressionUse::new(suppression, inputs.today)).collect();
    suppress(policy.judge(out), &mut judged, &inputs.sources)
}

/// What rules find in a compose file.
pub(super) fn check_compose(inputs: &Inputs, input: &ComposeInput, rules: &[&'static Rule]) -> Findings {
    let mut out = Findings::new();
    let Some(project) = &input.reading.project else { return out };
    let stack = Stack::new(project, &input.dockerfiles);
    let files = std::iter::once(input.file).chain(input.parts.iter().copied());
    let editors: Vec<_> = files.map(|file| (file, YamlEditor::new(inputs.source(file)))).collect();
    for rule in rules {
        if let Some(check) = rule.compose {
            let (rule, metadata) = (rule.name, rule.metadata());
            let (stack, editors, today, others) = (&stack, &editors[..], inputs.today, &inputs.composes[..]);
            check(&ComposeContext { rule, metadata, input, project, stack, editors, today, others }, &mut out);
        }
    }
    // Several services may extend one.
    let mut seen = BTreeSet::new();
    out.retain(|finding| finding.file == input.file || seen.insert((finding.rule, finding.file, finding.span)));
    out
}

/// The comments of a compose file, as far as its settings allow them.
pub fn pragmas_of_compose(inputs: &Inputs, input: &ComposeInput, policy: &Policy) -> Pragmas {
    pragmas_of_file(inputs, input.file, policy)
}

/// The comments of a file of YAML, as far as its settings allow them.
pub(super) fn pragmas_of_file(inputs: &Inputs, file: FileId, policy: &Policy) -> Pragmas {
    let source = inputs.source(file);
    if policy.settings.no_inline || !source.text().contains("dockopt") {
        return Pragmas::default();
    }
    compose_pragmas(file, source, &yaml::read(source.text()), known_rules())
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
