//! Variables that differ between environments: files of variables in one folder, and projects of one folder.

use std::collections::{BTreeMap, BTreeSet};

use super::VariablePlace;
use super::code::CodeFacts;
use super::environment_file;
use super::input::VariableInput;
use super::project::ProjectVariables;
use super::service::ServiceVariable;
use crate::data;
use crate::secret;
use crate::text::path;

/// Environments that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentTable {
    /// Their files, as the user would type them.
    pub environments: Vec<String>,
    /// Variables that differ, by name.
    pub rows: Vec<EnvironmentRow>,
}

/// A variable in each environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentRow {
    /// The service that gets it; none where files of variables are compared.
    pub service: Option<String>,
    /// Its name.
    pub name: String,
    /// What each environment sets; `None` where it sets nothing.
    pub values: Vec<Option<EnvironmentValue>>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentValue {
    /// Where it is set.
    pub place: VariablePlace,
    /// The value; `None` where it may be a secret.
    pub text: Option<String>,
}

/// A variable by its service and name, with its value, place and environment.
type Cells = BTreeMap<(Option<String>, String), BTreeMap<usize, (String, VariablePlace)>>;

/// What differs.
pub(super) fn tables(input: &VariableInput, code: &CodeFacts, projects: &[ProjectVariables]) -> Vec<EnvironmentTable> {
    let mut tables = of_files(input, code);
    tables.extend(of_projects(projects));
    tables
}

fn of_files(input: &VariableInput, code: &CodeFacts) -> Vec<EnvironmentTable> {
    let mut folders: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
    for at in code.environment_files() {
        let path = &input.files[at].path;
        if !environment_file::is_example(path) {
            // `.env.production` is compared with `.env`, `api.env` with `web.env`.
            folders.entry((path::parent(path), path::name(path).starts_with(".env"))).or_default().push(at);
        }
    }
    let dotted = folders.into_iter().filter(|((_, is_dotted), files)| *is_dotted && files.len() > 1);
    let table = |(_, files): (_, Vec<usize>)| {
        let mut cells = Cells::new();
        for (column, at) in files.iter().enumerate() {
            let file = &input.files[*at];
            for variable in code.files[*at].variables.iter().filter(|variable| !variable.is_comment) {
                let cell = (variable.value.clone(), VariablePlace::of(&file.source, variable.at));
                cells.entry((None, variable.name.clone())).or_default().insert(column, cell);
            }
        }
        table(files.iter().map(|at| input.files[*at].source.name().to_owned()).collect(), cells)
    };
    dotted.map(table).filter(|table| !table.rows.is_empty()).collect()
}

fn of_projects(projects: &[ProjectVariables]) -> Vec<EnvironmentTable> {
    let mut folders: BTreeMap<&str, Vec<&ProjectVariables>> = BTreeMap::new();
    for project in projects.iter().filter(|project| is_environment(project)) {
        folders.entry(&project.project.folder).or_default().push(project);
    }
    let mut tables = Vec::new();
    for projects in folders.into_values().filter(|projects| projects.len() > 1) {
        let shares = |name: &str| {
            projects.iter().filter(|project| project.services.iter().any(|service| service.name == name)).count() > 1
        };
        let mut cells = Cells::new();
        let mut columns = BTreeSet::new();
        for (column, project) in projects.iter().enumerate() {
            for service in project.services.iter().filter(|service| shares(service.name)) {
                columns.insert(column);
                for variable in &service.environment {
                    let Some(place) = variable.key.and_then(|place| project.place(place)) else { continue };
                    let value = written_value(project, variable);
                    let key = (Some(service.name.to_owned()), variable.name.to_owned());
                    cells.entry(key).or_default().insert(column, (value, place));
                }
            }
        }
        let name = |column: &usize| file_names(projects[*column]);
        let names = columns.iter().map(name).collect();
        let at: BTreeMap<usize, usize> = columns.into_iter().enumerate().map(|(new, old)| (old, new)).collect();
        let moved = |values: BTreeMap<usize, _>| values.into_iter().map(|(column, cell)| (at[&column], cell)).collect();
        let cells = cells.into_iter().map(|(key, values)| (key, moved(values))).collect();
        tables.push(table(names, cells));
    }
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// Whether the files of a project say where it runs: the usual ones, and those with a word for an environment.
fn is_environment(project: &ProjectVariables) -> bool {
    let words =
        |file: &String| path::name(file).split(['.', '-', '_']).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    project.files.iter().map(words).any(|words| {
        let is_usual = words.iter().all(|word| ["compose", "docker", "yaml", "yml"].contains(&word.as_str()));
        is_usual || words.iter().any(|word| data::NAME_WORDS.has(word, "environment"))
    })
}

/// The names of the files of a project.
fn file_names(project: &ProjectVariables) -> String {
    let names: Vec<&str> = project.files.iter().map(|file| path::name(file)).collect();
    names.join(" + ")
}

/// The value as it is written: what stands for its variables may be a secret of `.env`, or nothing.
fn written_value(project: &ProjectVariables, variable: &ServiceVariable) -> String {
    let evaluated = variable.value.as_text().unwrap_or_default();
    let Some(text) =
        project.project.text(variable.value.place).filter(|text| variable.is_written && text.contains('$'))
    else {
        return evaluated.to_owned();
    };
    let inner = text.trim().trim_matches(['"', '\'']);
    inner.strip_prefix(variable.name).and_then(|rest| rest.strip_prefix('=')).unwrap_or(inner).to_owned()
}

/// Whether a value may be a secret: rather too many than too few.
fn may_be_secret(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_named = || lower.ends_with("pass") || data::SECRET_WORDS.with("secret").any(|word| lower.contains(word));
    let has_login = || text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    is_named() || has_login() || secret::hidden_of(name, text).is_some() || !secret::hidden_in(text).is_empty()
}

/// The rows whose values differ, secrets left out.
fn table(environments: Vec<String>, cells: Cells) -> EnvironmentTable {
    let mut rows = Vec::new();
    for ((service, name), values) in cells {
        let texts: BTreeSet<&str> = values.values().map(|(text, _)| text.as_str()).collect();
        if texts.len() < 2 && values.len() == environments.len() {
            continue;
        }
        let is_secret = |text: &str| !text.is_empty() && may_be_secret(&name, text);
        let value = |column: usize| {
            let (text, place) = values.get(&column)?;
            let text = if is_secret(text) { None } else { Some(text.clone()) };
            Some(EnvironmentValue { place: place.clone(), text })
        };
        rows.push(EnvironmentRow { values: (0..environments.len()).map(value).collect(), service, name: name.clone() });
    }
    EnvironmentTable { environments, rows }
}
