//! Variables that the `.env` of a project sets and its services read, but do not get: Compose takes that file for `${…}` only.

use super::code::CodeFacts;
use super::input::VariableInput;
use super::project::ProjectVariables;
use super::tools;
use super::{VariableFinding, VariableFindingKind, VariablePlace};
use crate::sources::variables::Absence;
use crate::text::path;

/// What the services of a project read and do not get. What the code fails without is missing instead.
pub(super) fn findings(input: &VariableInput, code: &CodeFacts, project: &ProjectVariables) -> Vec<VariableFinding> {
    let mut findings = Vec::new();
    // An example shows what there may be, not what is set.
    let Some(file) = input.file(&project.environment_file) else { return findings };
    if project.is_by_example {
        return findings;
    }
    let is_used = |name: &str| project.interpolations.iter().any(|(_, variable)| variable.name == name);
    let variables = code.files[file].variables.iter();
    let variables = variables.filter(|variable| !variable.is_comment && !variable.value.is_empty());
    for variable in variables {
        let name = variable.name.as_str();
        let is_given = project.services.iter().any(|service| service.names.contains(name));
        if is_given || is_used(name) || tools::is_set_elsewhere(name) {
            continue;
        }
        let readers = project.services.iter().filter(|service| {
            let reads =
                service.code.iter().flat_map(|at| &code.files[*at].reads.reads).filter(|read| read.name == name);
            let mut is_lost = false;
            for read in reads {
                match &read.absence {
                    Absence::Fails => return false,
                    // Without it the program does the same.
                    Absence::Default(Some(value)) if *value == variable.value => {}
                    _ => is_lost = true,
                }
            }
            is_lost && service.absent_file.is_none() && !service.image_sets.contains(name)
        });
        let services: Vec<String> = readers.map(|service| service.name.to_owned()).collect();
        if services.is_empty() {
            continue;
        }
        let shown = path::name(&project.environment_file);
        findings.push(VariableFinding {
            kind: VariableFindingKind::NotPassedOn,
            name: name.to_owned(),
            services,
            place: VariablePlace::of(&input.files[file].source, variable.at),
            message: format!(
                "`{shown}` sets `{name}` for Compose only: the code reads it, and the service does not get it"
            ),
            help: format!("write `{name}:` without a value under `environment` of the service"),
        });
    }
    findings
}
