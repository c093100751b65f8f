//! Values that look like secrets, in files that git tracks.

use super::code::CodeFacts;
use super::environment_file;
use super::input::{FileUse, VariableFile, VariableInput};
use super::project::ProjectVariables;
use super::{VariableFinding, VariableFindingKind, VariablePlace};
use crate::build::Build;
use crate::compose::project::ComposeMap;
use crate::inputs::{BuildInput, BuildOptions};
use crate::manifest::FileKind;
use crate::secret;
use crate::yaml::{self, YamlNode};

/// How deep the variables of a pipeline may stand.
const DEEPEST: usize = 8;

/// The secrets of all files.
pub(super) fn findings(input: &VariableInput, code: &CodeFacts, projects: &[ProjectVariables]) -> Vec<VariableFinding> {
    let mut findings = Vec::new();
    for (at, file) in input.files.iter().enumerate().filter(|(_, file)| file.is_committed) {
        match code.files[at].usage {
            Some(FileUse::Environment) => {
                let is_example = environment_file::is_example(&file.path);
                for variable in code.files[at].variables.iter().filter(|variable| !variable.is_comment) {
                    let (name, value) = (&variable.name, &variable.value);
                    let is_token = || secret::exact_token(value.as_bytes()).is_some();
                    let is_secret = if is_example { is_token() } else { !secret::written_in(name, value).is_empty() };
                    if is_secret {
                        findings.push(finding(name, VariablePlace::of(&file.source, variable.at)));
                    }
                }
            }
            Some(FileUse::Dockerfile) => findings.extend(of_dockerfile(file)),
            Some(FileUse::Program) if FileKind::of(&file.below).is_of_forge() => findings.extend(of_pipeline(file)),
            _ => {}
        }
    }
    findings.extend(projects.iter().flat_map(|project| of_project(project, input)));
    findings
}

fn finding(name: &str, place: VariablePlace) -> VariableFinding {
    VariableFinding {
        kind: VariableFindingKind::Secret,
        name: name.to_owned(),
        services: Vec::new(),
        message: format!("the value of `{name}` looks like a secret, and git tracks this file"),
        help: "make a new secret, and keep it in a file that git ignores or in a secret of Compose or of the pipeline"
            .to_owned(),
        place,
    }
}

/// ENV and ARG.
fn of_dockerfile(file: &VariableFile) -> Vec<VariableFinding> {
    let input = BuildInput::new(&file.source, BuildOptions::default());
    let secrets = Build::new(&input).secrets();
    let written = secrets.iter().filter(|secret| {
        let value = secret.value.as_deref().unwrap_or_default();
        !secret::written_in(&secret.name, value).is_empty()
    });
    written.map(|secret| finding(&secret.name, VariablePlace::of(&file.source, secret.span.start as usize))).collect()
}

/// `env` and `variables` of a pipeline.
fn of_pipeline(file: &VariableFile) -> Vec<VariableFinding> {
    let tree = yaml::read(file.source.text());
    let mut findings = Vec::new();
    let mut open: Vec<(YamlNode, usize)> = tree.documents().map(|root| (root, 0)).collect();
    while let Some((node, depth)) = open.pop() {
        for entry in node.entries() {
            let is_list = entry.key.text().is_some_and(|key| ["env", "variables", "environment"].contains(&key));
            let variables = if is_list { Some(entry.value) } else { None };
            for variable in variables.into_iter().flat_map(YamlNode::entries) {
                let (Some(name), Some(value)) = (variable.key.text(), variable.value.text()) else { continue };
                if !secret::written_in(name, value).is_empty() {
                    findings.push(finding(name, VariablePlace::of(&file.source, variable.key.span().start as usize)));
                }
            }
        }
        if depth < DEEPEST {
            open.extend(node.items().chain(node.entries().map(|entry| entry.value)).map(|below| (below, depth + 1)));
        }
    }
    findings
}

/// `environment` and arguments of builds.
fn of_project(project: &ProjectVariables, input: &VariableInput) -> Vec<VariableFinding> {
    let is_committed = |file: usize| {
        let path = project.project.paths.get(file);
        path.and_then(|path| input.file(path)).is_some_and(|at| input.files[at].is_committed)
    };
    let mut findings = Vec::new();
    for (_, service) in project.project.services() {
        let arguments = service.get("build").and_then(|build| build.get("args"));
        for pairs in [service.get("environment"), arguments].into_iter().flatten() {
            for (name, entry) in pairs.as_map().into_iter().flat_map(ComposeMap::iter) {
                let (Some(value), Some(text)) = (entry.value.as_text(), project.project.text(entry.value.place)) else {
                    continue;
                };
                let holds = |variable: &str, value: &str| !secret::written_in(variable, value).is_empty();
                let in_default = secret::defaults(text)
                    .iter()
                    .any(|(variable, default)| holds(name, default) || holds(variable, default));
                let in_text = secret::written_in(name, value).iter().any(|hidden| text.contains(hidden.as_str()));
                let Some(place) = entry.key.or(entry.value.place) else { continue };
                if (in_default || in_text) && is_committed(place.file.0 as usize) {
                    findings.extend(project.place(place).map(|place| finding(name, place)));
                }
            }
        }
    }
    findings
}
