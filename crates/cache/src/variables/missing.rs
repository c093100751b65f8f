//! Variables that are needed and set nowhere.

use std::collections::BTreeSet;

use super::code::CodeFacts;
use super::environment_file;
use super::input::VariableInput;
use super::interpolation::InterpolationKind;
use super::mention::Mentions;
use super::project::ProjectVariables;
use super::service::ServiceVariables;
use super::tools;
use super::{VariableFinding, VariableFindingKind, VariablePlace};
use crate::text::path;

/// What a project lacks.
pub(super) fn findings(
    input: &VariableInput,
    code: &CodeFacts,
    project: &ProjectVariables,
    mentions: &Mentions,
) -> Vec<VariableFinding> {
    let mut findings = of_compose(input, code, project, mentions);
    for service in project.services.iter().filter(|service| service.absent_file.is_none()) {
        findings.extend(of_service(input, code, project, service));
    }
    findings
}

/// What is not known of the services of a project.
pub(super) fn notes(input: &VariableInput, code: &CodeFacts, project: &ProjectVariables) -> Vec<String> {
    let mut notes = Vec::new();
    if project.is_by_example {
        let names: Vec<&str> = project.sets.iter().map(|at| input.files[*at].source.name()).collect();
        let file = path::name(&project.environment_file);
        notes.push(format!("there is no `{file}`: `{}` was taken for it", names.join("`, `")));
    }
    let is_needed = |kind| matches!(kind, InterpolationKind::Required | InterpolationKind::Plain);
    let needed =
        project.interpolations.iter().map(|(_, variable)| variable).filter(|variable| is_needed(variable.kind));
    let shown: BTreeSet<&str> = needed
        .map(|variable| variable.name.as_str())
        .filter(|name| project.sets.is_empty() && is_shown_above(input, code, project, name))
        .collect();
    if let (Some(first), Some(source)) = (shown.first(), project.project.sources.first()) {
        let more = match shown.len() {
            1 => String::new(),
            count => format!(" and {} other variables", count - 1),
        };
        notes.push(format!("{} needs a `.env` in its folder with `{first}`{more}", source.name()));
    }
    for service in &project.services {
        if let Some(file) = &service.absent_file {
            let (name, file) = (service.name, path::name(file));
            notes.push(format!("`{name}` reads `{file}`, which does not exist: what `{name}` lacks is not known"));
        }
    }
    notes
}

/// `${NAME}` without a default.
fn of_compose(
    input: &VariableInput,
    code: &CodeFacts,
    project: &ProjectVariables,
    mentions: &Mentions,
) -> Vec<VariableFinding> {
    let file = path::name(&project.environment_file);
    let mut findings = Vec::new();
    let mut told_names = BTreeSet::new();
    for (source, variable) in &project.interpolations {
        let is_required = match variable.kind {
            InterpolationKind::Required => true,
            InterpolationKind::Plain => false,
            InterpolationKind::Optional | InterpolationKind::Container => continue,
        };
        let name = &variable.name;
        let is_shown = project.sets.is_empty() && is_shown_above(input, code, project, name);
        let is_set =
            project.sets(code, name) || mentions.is_assigned(name) || tools::is_set_elsewhere(name) || is_shown;
        if is_set || !told_names.insert(name) {
            continue;
        }
        let message = if is_required {
            format!("Compose refuses to start without `{name}`, and nothing sets it")
        } else {
            format!("nothing sets `{name}`: Compose puts an empty text in its place")
        };
        let default = if is_required { "" } else { ", or give it a default: `${…:-default}`" };
        findings.push(VariableFinding {
            kind: VariableFindingKind::Missing,
            name: name.clone(),
            services: Vec::new(),
            place: VariablePlace::of(&project.project.sources[*source], variable.at),
            message,
            help: format!("set it in `{file}`{default}"),
        });
    }
    findings
}

/// Whether an example in a folder above the project shows a variable, where the project has no file of its own.
fn is_shown_above(input: &VariableInput, code: &CodeFacts, project: &ProjectVariables, name: &str) -> bool {
    code.environment_files().any(|at| {
        let path = &input.files[at].path;
        environment_file::is_example(path)
            && path::is_within(&project.project.folder, path::parent(path))
            && code.files[at].variables.iter().any(|variable| variable.name == name)
    })
}

/// What the code of a service needs.
fn of_service(
    input: &VariableInput,
    code: &CodeFacts,
    project: &ProjectVariables,
    service: &ServiceVariables,
) -> Vec<VariableFinding> {
    let mut findings = Vec::new();
    let mut told_names = BTreeSet::new();
    for (file, index) in &service.needs {
        let read = &code.files[*file].reads.reads[*index];
        let name = &read.name;
        if tools::is_set_elsewhere(name) || !told_names.insert(name) {
            continue;
        }
        let help = if project.sets(code, name) {
            let file = path::name(&project.environment_file);
            format!("`{file}` sets it for Compose only: write `{name}: ${{{name}}}` under `environment` of the service")
        } else {
            "set it under `environment` of the service, or give it a default in the code".to_owned()
        };
        findings.push(VariableFinding {
            kind: VariableFindingKind::Missing,
            name: name.clone(),
            services: vec![service.name.to_owned()],
            place: VariablePlace::of(&input.files[*file].source, read.at),
            message: format!("the code fails without `{name}`, and the service does not get it"),
            help,
        });
    }
    findings
}
