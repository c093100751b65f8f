//! Variables that are set and that nothing is known to read.

use std::collections::BTreeSet;

use super::code::CodeFacts;
use super::input::{FileUse, VariableInput};
use super::mention::Mentions;
use super::project::ProjectVariables;
use super::tools;
use super::{VariableFinding, VariableFindingKind, VariablePlace};
use crate::text::path;

const HELP: &str = "remove it, or correct its name";

/// What nothing reads, and where that cannot be told.
pub(super) fn findings(
    input: &VariableInput,
    code: &CodeFacts,
    projects: &[ProjectVariables],
    mentions: &Mentions,
) -> (Vec<VariableFinding>, Vec<String>) {
    if input.is_cut || !input.skipped.is_empty() {
        let what = match input.skipped.first() {
            None => "there are too many files: not all were read".to_owned(),
            Some(first) if input.skipped.len() == 1 => format!("`{first}` is too large to be read"),
            Some(first) => format!("`{first}` and {} other files are too large to be read", input.skipped.len() - 1),
        };
        return (Vec::new(), vec![format!("{what}, so no variable is called unused")]);
    }
    let names = ReadNames::of(code, projects, mentions);
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    for project in projects {
        for service in project.services.iter().filter(|service| service.is_own) {
            if service.unknown.is_some() {
                continue;
            }
            for variable in service.environment.iter().filter(|variable| variable.is_written) {
                let Some(place) = variable.key.and_then(|place| project.place(place)) else { continue };
                if !names.may_read(variable.name) {
                    findings.push(VariableFinding {
                        kind: VariableFindingKind::Unused,
                        name: variable.name.to_owned(),
                        services: vec![service.name.to_owned()],
                        place,
                        message: format!("the service gets `{}`, and nothing in the project reads it", variable.name),
                        help: HELP.to_owned(),
                    });
                }
            }
        }
    }
    for at in code.environment_files() {
        findings.extend(of_file(input, code, projects, at, &names));
    }
    for at in 0..input.files.len() {
        if let Some(place) = unknown_at(input, code, at) {
            let place = format!("{}:{}:{}", place.file, place.line, place.column);
            let note = format!(
                "{place} reads variables by names that only running it tells: none of the variables that it may get is called unused"
            );
            notes.push(note);
        }
    }
    notes.truncate(1);
    (findings, notes)
}

/// Where a part of the program reads variables whose names are not known.
fn unknown_at(input: &VariableInput, code: &CodeFacts, at: usize) -> Option<VariablePlace> {
    let unknown = code.files[at].reads.unknown?;
    input.files[at].is_of_program().then(|| VariablePlace::of(&input.files[at].source, unknown))
}

/// The variables of a file.
fn of_file(
    input: &VariableInput,
    code: &CodeFacts,
    projects: &[ProjectVariables],
    at: usize,
    names: &ReadNames,
) -> Vec<VariableFinding> {
    let file = &input.files[at];
    let mut services = projects.iter().flat_map(|project| &project.services);
    // An image of others may read anything.
    let is_handed_on = services.any(|service| !service.is_own && service.environment_files.contains(&at));
    let folder = path::parent(&file.path);
    if is_handed_on || input.below(folder).any(|at| unknown_at(input, code, at).is_some()) {
        return Vec::new();
    }
    let unread = code.files[at].variables.iter().filter(|variable| {
        !variable.is_comment && !names.passed_on.contains(variable.name.as_str()) && !names.may_read(&variable.name)
    });
    let finding = |variable: &super::environment_file::FileVariable| VariableFinding {
        kind: VariableFindingKind::Unused,
        name: variable.name.clone(),
        services: Vec::new(),
        place: VariablePlace::of(&file.source, variable.at),
        message: format!("nothing in the project reads `{}`", variable.name),
        help: HELP.to_owned(),
    };
    unread.map(finding).collect()
}

/// What is read anywhere.
struct ReadNames<'c> {
    names: BTreeSet<&'c str>,
    /// What services get from outside by its name alone.
    passed_on: BTreeSet<&'c str>,
    prefixes: BTreeSet<&'c str>,
    mentions: &'c Mentions<'c>,
}

impl<'c> ReadNames<'c> {
    fn of(code: &'c CodeFacts, projects: &'c [ProjectVariables], mentions: &'c Mentions) -> Self {
        let mut names: BTreeSet<&str> =
            code.files.iter().flat_map(|file| &file.reads.reads).map(|read| read.name.as_str()).collect();
        let of_files =
            code.files.iter().filter(|file| file.usage != Some(FileUse::Program)).flat_map(|file| &file.interpolations);
        let of_projects = projects.iter().flat_map(|project| &project.interpolations).map(|(_, variable)| variable);
        names.extend(of_files.chain(of_projects).map(|variable| variable.name.as_str()));
        let services = projects.iter().flat_map(|project| &project.services);
        let passed_on = services.flat_map(|service| &service.environment).filter(|variable| variable.is_passed_on);
        let passed_on = passed_on.map(|variable| variable.name).collect();
        let prefixes = code.files.iter().flat_map(|file| &file.reads.prefixes).map(String::as_str).collect();
        Self { names, passed_on, prefixes, mentions }
    }

    /// Whether something may read a variable.
    fn may_read(&self, name: &str) -> bool {
        let upper = name.to_ascii_uppercase();
        self.names.contains(name)
            || self.mentions.is_named(name)
            || self.mentions.is_of_package(name)
            || self.prefixes.iter().any(|prefix| upper.starts_with(&prefix.to_ascii_uppercase()))
            || tools::is_read_elsewhere(name)
    }
}
