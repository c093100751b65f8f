//! Variables that are read and that the example of a file of variables does not show.

use std::collections::{BTreeMap, BTreeSet};

use super::code::CodeFacts;
use super::environment_file;
use super::input::{FileUse, VariableInput};
use super::interpolation::InterpolationKind;
use super::mention::Mentions;
use super::project::ProjectVariables;
use super::tools;
use super::{VariableFinding, VariableFindingKind, VariablePlace};
use crate::sources::variables::Absence;
use crate::text::path;

/// What examples lack.
pub(super) fn findings(
    input: &VariableInput,
    code: &CodeFacts,
    projects: &[ProjectVariables],
    mentions: &Mentions,
) -> Vec<VariableFinding> {
    let examples: Vec<usize> =
        code.environment_files().filter(|at| environment_file::is_example(&input.files[*at].path)).collect();
    let services = || projects.iter().flat_map(|project| &project.services);
    let constants: BTreeSet<&str> =
        services().flat_map(|service| &service.environment).map(|entry| entry.name).collect();
    let mut missing: BTreeMap<(usize, String), VariablePlace> = BTreeMap::new();
    let mut note = |file: &str, name: &str, place: VariablePlace| {
        let Some(example) = nearest(input, &examples, file) else { return };
        let shows = code.files[example].variables.iter().any(|variable| variable.name.eq_ignore_ascii_case(name));
        let is_elsewhere = tools::is_set_elsewhere(name) || mentions.is_assigned(name);
        if !shows && !is_elsewhere {
            missing.entry((example, name.to_owned())).or_insert(place);
        }
    };
    for (at, facts) in code.files.iter().enumerate() {
        let file = &input.files[at];
        if facts.usage != Some(FileUse::Program) || !file.is_of_program() {
            continue;
        }
        for read in &facts.reads.reads {
            if read.absence == Absence::Fails && !constants.contains(read.name.as_str()) {
                note(&file.path, &read.name, VariablePlace::of(&file.source, read.at));
            }
        }
    }
    for project in projects {
        for (source, variable) in &project.interpolations {
            let is_needed = matches!(variable.kind, InterpolationKind::Required | InterpolationKind::Plain);
            if is_needed && !project.sets(code, &variable.name) {
                let place = VariablePlace::of(&project.project.sources[*source], variable.at);
                note(&project.project.paths[*source], &variable.name, place);
            }
        }
    }
    let finding = |((example, name), place): ((usize, String), VariablePlace)| {
        let shown = input.files[example].source.name();
        VariableFinding {
            kind: VariableFindingKind::Undocumented,
            services: Vec::new(),
            place,
            message: format!("`{name}` is needed here, and `{shown}` does not show it"),
            name,
            help: format!("add it to `{shown}`"),
        }
    };
    missing.into_iter().map(finding).collect()
}

/// The example of the nearest folder above a file.
fn nearest(input: &VariableInput, examples: &[usize], file: &str) -> Option<usize> {
    let folder = |at: &usize| path::parent(&input.files[*at].path);
    let above = examples.iter().copied().filter(|at| path::is_within(file, folder(at)));
    above.max_by_key(|at| folder(at).len())
}
