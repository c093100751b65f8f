//! The variables that a program gets: where its servers are, what it cannot do without, and secrets of its own.

use std::collections::BTreeSet;

use super::switch::switches;
use super::variable_need::{EnvironmentExtent, ReadVariable, VariableNeed, is_set};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::links::backend::Backends;
use crate::emit::links::connection::Connection;
use crate::emit::links::mention::place;
use crate::emit::plan::ComposePlan;
use crate::manifest::{Ecosystem, FileKind};
use crate::secret;
use crate::sources::code::words;
use crate::sources::variables::Absence;
use crate::variables::{ExampleVariable, committed_variables, example_variables, is_set_by_images};

/// What a program connects to, and which of its variables are wanted.
pub(in crate::emit) struct EnvironmentParts<'p> {
    pub(in crate::emit) connections: &'p [Connection],
    /// Variables about servers that are here; some need none.
    pub(in crate::emit) settled: &'p BTreeSet<String>,
    pub(in crate::emit) backends: &'p Backends,
    pub(in crate::emit) extent: EnvironmentExtent,
}

/// Names and values, with variables of Compose; without a value where Compose passes on what is set.
pub(in crate::emit) fn environment(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    plan: &mut ComposePlan,
) -> Vec<(String, Option<String>)> {
    let connections = parts.connections.iter();
    let mut entries: Vec<(String, Option<String>)> =
        connections.filter_map(|known| Some((known.variable.clone()?, Some(known.value.clone())))).collect();
    for switch in switches(input, application, parts.connections, parts.backends) {
        if entries.iter().all(|(known, _)| *known != switch.name) {
            plan.choose(&application.name, "environment", switch.reason, Some(switch.place));
            entries.push((switch.name, Some(switch.value)));
        }
    }
    add_port(application, &mut entries, plan);
    add_framework(application, &mut entries, plan);
    let examples = example_variables(input.files);
    add_read(input, application, parts, &examples, &mut entries, plan);
    if parts.extent == EnvironmentExtent::All {
        add_example_secrets(input, application, parts, &examples, &mut entries, plan);
    }
    add_set(input, application, &mut entries, plan);
    entries
}

/// Says where to listen, where the program has to be told: the port that its image exposes.
fn add_port(application: &Application, entries: &mut Vec<(String, Option<String>)>, plan: &mut ComposePlan) {
    let (Some(variable), Some(port)) = (&application.port_variable, application.port) else { return };
    if entries.iter().all(|(known, _)| *known != variable.name) {
        plan.choose(&application.name, "environment", &variable.reason, Some(variable.place.clone()));
        entries.push((variable.name.clone(), Some(port.to_string())));
    }
}

/// Adds what frameworks ask for, although no source reads it.
fn add_framework(application: &Application, entries: &mut Vec<(String, Option<String>)>, plan: &mut ComposePlan) {
    for row in data::FRAMEWORK_VARIABLES.rows() {
        let is_there = Ecosystem::of(row[1]).is_some_and(|known| application.has_package(known, row[0]));
        let name = row[2];
        if is_there && entries.iter().all(|(known, _)| known != name) && !is_set(application, name) {
            plan.need(name, &format!("A secret that {} asks for.", row[0]));
            let reason = format!("{} does not start without `{name}`", row[0]);
            plan.choose(&application.name, "environment", reason, None);
            entries.push((name.to_owned(), Some(format!("${{{name}:?set it in .env}}"))));
        }
    }
}

/// Adds what its sources read.
fn add_read(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    examples: &[ExampleVariable],
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    for (file, read) in &application.code.reads {
        let name = read.name.as_str();
        let is_known = entries.iter().any(|(known, _)| known == name) || parts.settled.contains(name);
        if is_known || is_set_by_images(name) {
            continue;
        }
        let variable = ReadVariable::of(input, application, (*file, read), examples);
        let Some((need, reason)) = variable.need(parts.extent) else { continue };
        let source = &input.files.files[*file].source;
        let value = match need {
            VariableNeed::Required => {
                plan.need(name, &format!("Read in {}.", source.name()));
                Some(format!("${{{name}:?set it in .env}}"))
            }
            VariableNeed::Shown(value) => Some(format!("${{{name}:-{value}}}")),
            VariableNeed::PassedOn => None,
            VariableNeed::Offered(remark) => {
                plan.offer(name, &remark.replace("{file}", source.name()));
                None
            }
        };
        plan.choose(&application.name, "environment", reason, Some(place(source, read.at)));
        entries.push((name.to_owned(), value));
    }
}

/// Adds what a committed `.env` sets and the program reads: without a value, so that Compose passes on what is set there.
fn add_set(
    input: &EmitInput,
    application: &Application,
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    let Some((at, variables)) = committed_variables(input.files, input.folder) else { return };
    for variable in variables {
        let is_read = application.code.reads.iter().any(|(_, read)| read.name == variable.name);
        if is_read && !is_set_by_images(&variable.name) && entries.iter().all(|(known, _)| *known != variable.name) {
            let place = place(&input.files.files[at].source, variable.at);
            let reason = format!("`{}` is set in the `.env` that everybody has, and read", variable.name);
            plan.choose(&application.name, "environment", reason, Some(place));
            entries.push((variable.name, None));
        }
    }
}

/// Adds the secrets that an example sets and the program names.
fn add_example_secrets(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    examples: &[ExampleVariable],
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    if application.server.is_some() {
        return;
    }
    for example in examples {
        let name = example.name.as_str();
        let is_known = entries.iter().any(|(known, value)| {
            known == name || value.as_ref().is_some_and(|value| value.contains(&format!("${{{name}:")))
        });
        let is_secret = secret::names_secret(name) && !example.value.is_empty() && !example.value.contains("://");
        let is_switch = example.is_comment || secret::is_switch(&example.value);
        // What has a default or a rule that lets it out is optional.
        let mut reads = application.code.reads.iter().filter(|(_, read)| read.name == name);
        let is_optional = reads.any(|(_, read)| matches!(read.absence, Absence::Default(_)));
        if is_known || !is_secret || is_switch || is_optional || parts.settled.contains(name) {
            continue;
        }
        let mut files = application.code.files.iter().map(|at| &input.files.files[*at]);
        let code = files.find(|file| {
            FileKind::of(&file.below).has_code()
                && file.is_of_program()
                && words(file.source.text(), name).next().is_some()
        });
        if code.is_none() {
            continue;
        }
        let reason = format!("`{name}` is a secret that the example sets and the program names");
        let place = place(&input.files.files[example.file].source, example.at);
        plan.choose(&application.name, "environment", reason, Some(place));
        // Whether it can do without, the example does not say: Compose passes on what is set.
        entries.push((name.to_owned(), None));
    }
}
