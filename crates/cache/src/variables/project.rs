//! A compose project: what its services are, and what Compose puts into its files.

use std::collections::BTreeSet;

use super::code::CodeFacts;
use super::input::VariableInput;
use super::interpolation::{Interpolation, InterpolationKind, interpolations};
use super::service::ServiceVariables;
use crate::compose::project::{ComposePlace, ComposeProject};
use crate::inputs::ComposeInput;
use crate::stack::Stack;
use crate::text::path;

/// A project.
pub(super) struct ProjectVariables<'i> {
    pub(super) project: &'i ComposeProject,
    /// The files that it was asked to be read from, absolute.
    pub(super) files: Vec<String>,
    pub(super) services: Vec<ServiceVariables<'i>>,
    /// `${…}` in its files, with the index of the source.
    pub(super) interpolations: Vec<(usize, Interpolation)>,
    /// The path of the file that Compose takes variables from.
    pub(super) environment_file: String,
    /// The files that set variables for Compose: those that are there, or an example in their place.
    pub(super) sets: Vec<usize>,
    /// Whether an example stands for the file.
    pub(super) is_by_example: bool,
}

impl<'i> ProjectVariables<'i> {
    pub(super) fn of(compose: &'i ComposeInput, input: &'i VariableInput, code: &CodeFacts) -> Option<Self> {
        let project = compose.reading.project.as_deref()?;
        let stack = Stack::new(project, &compose.dockerfiles);
        let services = stack.services.iter().map(|service| ServiceVariables::of(service, project, input, code));
        let services = services.collect();
        let is_yaml = |path: &String| path::is_yaml(path);
        let files = project.paths.iter().zip(&project.sources).enumerate().filter(|(_, (path, _))| is_yaml(path));
        let interpolations = files.flat_map(|(at, (_, source))| {
            let comments = crate::yaml::read(source.text()).comments().to_vec();
            interpolations(source.text(), &comments).into_iter().map(move |variable| (at, variable))
        });
        let interpolations = interpolations.collect();
        let named: Vec<String> =
            compose.request.env_files.iter().map(|file| absolute(&compose.request.folder, file)).collect();
        let default = path::child(&project.folder, ".env");
        let environment_file = named.first().cloned().unwrap_or(default);
        let wanted = if named.is_empty() { vec![environment_file.clone()] } else { named };
        let mut sets: Vec<usize> = wanted.iter().filter_map(|path| input.file(path)).collect();
        let mut is_by_example = false;
        if sets.is_empty() {
            sets = code.example_of(&environment_file, input).into_iter().collect();
            is_by_example = !sets.is_empty();
        }
        if sets.is_empty() {
            // Files for `--env-file` lie beside the project under any name.
            let is_beside = |at: &usize| path::parent(&input.files[*at].path) == project.folder;
            sets = code.environment_files().filter(is_beside).collect();
        }
        let files = compose.request.paths();
        Some(Self { project, files, services, interpolations, environment_file, sets, is_by_example })
    }

    /// Whether the file of variables of the project sets a variable.
    pub(super) fn sets(&self, code: &CodeFacts, name: &str) -> bool {
        let variables = self.sets.iter().flat_map(|at| &code.files[*at].variables);
        variables.into_iter().any(|variable| variable.name == name && !variable.is_comment)
    }

    /// Where something of the project is written.
    pub(super) fn place(&self, place: ComposePlace) -> Option<super::VariablePlace> {
        let source = self.project.sources.get(place.file.0 as usize)?;
        Some(super::VariablePlace::of(source, place.span.start as usize))
    }
}

/// A path seen from a folder.
fn absolute(folder: &str, file: &str) -> String {
    if file.starts_with('/') { file.to_owned() } else { path::join(folder, file) }
}

/// The variables that program files and compose files read.
pub(super) fn reads<'c>(code: &'c CodeFacts, projects: &'c [ProjectVariables]) -> BTreeSet<&'c str> {
    let of_code = code.files.iter().flat_map(|file| &file.reads.reads).map(|read| read.name.as_str());
    let of_compose = projects.iter().flat_map(|project| &project.interpolations);
    let of_compose = of_compose.filter(|(_, variable)| variable.kind != InterpolationKind::Container);
    of_code.chain(of_compose.map(|(_, variable)| variable.name.as_str())).collect()
}

/// The variables that files and services set.
pub(super) fn definitions<'c>(code: &'c CodeFacts, projects: &'c [ProjectVariables]) -> BTreeSet<&'c str> {
    let of_files = code.files.iter().flat_map(|file| &file.variables).filter(|variable| !variable.is_comment);
    let of_services = projects.iter().flat_map(|project| &project.services).flat_map(|service| &service.environment);
    of_files.map(|variable| variable.name.as_str()).chain(of_services.map(|entry| entry.name)).collect()
}
