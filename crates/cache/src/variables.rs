//! Which variables of the environment the services of a project read and get: what is missing, what nothing reads, what
//! differs between environments, which secrets git tracks. Says nothing where a name is known only when a program runs.

mod code;
mod committed;
mod difference;
mod environment_file;
mod example;
mod finding;
mod input;
mod interpolation;
mod mention;
mod missing;
mod not_passed_on;
mod project;
mod service;
mod service_code;
mod tools;
mod unused;

use std::collections::BTreeSet;

use self::code::CodeFacts;
pub use self::difference::{EnvironmentRow, EnvironmentTable, EnvironmentValue};
pub use self::environment_file::is_environment_file;
pub use self::finding::{VariableFinding, VariableFindingKind, VariablePlace};
pub use self::input::{VariableFile, VariableInput};
pub use self::interpolation::wanted_variables;
use self::mention::Mentions;
use self::project::ProjectVariables;
pub use self::service_code::{ExampleVariable, ServiceCode, committed_variables, example_variables, service_code};
pub use self::tools::{is_of_family, is_read_by_tools, is_set_by_images};
use crate::inputs::ComposeInput;

/// What is known of the variables of some projects.
#[derive(Clone, Debug, Default)]
pub struct VariableReport {
    /// Services that were looked at.
    pub services: usize,
    /// Different variables that sources, compose files and scripts read.
    pub reads: usize,
    /// Different variables that something sets.
    pub definitions: usize,
    /// What is wrong, by kind and place.
    pub findings: Vec<VariableFinding>,
    /// Environments that differ.
    pub differences: Vec<EnvironmentTable>,
    /// What could not be told, and why.
    pub notes: Vec<String>,
}

/// Looks at the variables of projects and of the files around them.
pub fn survey(input: &VariableInput, composes: &[&ComposeInput]) -> VariableReport {
    let code = CodeFacts::of(input);
    let projects: Vec<ProjectVariables> =
        composes.iter().filter_map(|compose| ProjectVariables::of(compose, input, &code)).collect();
    let names = names(&code, &projects);
    let mentions = Mentions::of(input, &names);
    let mut report = VariableReport {
        services: projects.iter().map(|project| project.services.len()).sum(),
        reads: project::reads(&code, &projects).len(),
        definitions: project::definitions(&code, &projects).len(),
        differences: difference::tables(input, &code, &projects),
        ..VariableReport::default()
    };
    report.findings.extend(committed::findings(input, &code, &projects));
    for project in &projects {
        report.findings.extend(missing::findings(input, &code, project, &mentions));
        report.findings.extend(not_passed_on::findings(input, &code, project));
        report.notes.extend(missing::notes(input, &code, project));
    }
    let (unused, notes) = unused::findings(input, &code, &projects, &mentions);
    report.findings.extend(unused);
    report.notes.extend(notes);
    report.findings.extend(example::findings(input, &code, &projects, &mentions));
    finding::join(&mut report.findings);
    let mut known = BTreeSet::new();
    report.notes.retain(|note| known.insert(note.clone()));
    report
}

/// The names that are looked for in all files.
fn names(code: &CodeFacts, projects: &[ProjectVariables]) -> BTreeSet<String> {
    let reads = project::reads(code, projects);
    reads.into_iter().chain(project::definitions(code, projects)).map(str::to_ascii_uppercase).collect()
}
