//! The variables that a program gets: where its servers are, what it cannot do without, and secrets of its own.

use super::application::Application;
use super::connection::Connection;
use super::input::EmitInput;
use super::mention::place;
use super::plan::ComposePlan;
use crate::build::{Build, Lookup, VariableOrigin};
use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::secret;
use crate::sources::code::words;
use crate::sources::variables::Absence;
use crate::variables::{ExampleVariable, committed_variables, example_variables, is_set_by_images};

/// Which variables are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvironmentExtent {
    /// All that the program should get.
    All,
    /// Only those without which it fails.
    Needed,
}

/// Names and values, with variables of Compose; without a value where Compose passes on what is set.
pub(super) fn environment(
    input: &EmitInput,
    application: &Application,
    connections: &[Connection],
    extent: EnvironmentExtent,
    plan: &mut ComposePlan,
) -> Vec<(String, Option<String>)> {
    let mut entries: Vec<(String, Option<String>)> =
        connections.iter().filter_map(|known| Some((known.variable.clone()?, Some(known.value.clone())))).collect();
    let examples = example_variables(input.files);
    for (file, read) in &application.code.reads {
        let name = read.name.as_str();
        if entries.iter().any(|(known, _)| known == name) || is_set_by_images(name) {
            continue;
        }
        let is_secret = secret::names_secret(name);
        let has_own = matches!(&read.absence, Absence::Default(Some(value)) if !value.is_empty());
        let is_needed = match read.absence {
            Absence::Fails => is_secret || !is_set(application, name),
            _ => is_secret && has_own && extent == EnvironmentExtent::All,
        };
        if !is_needed {
            continue;
        }
        let source = &input.files.files[*file].source;
        let place = place(source, read.at);
        let example = examples.iter().find(|known| known.name == name).map(|known| known.value.as_str());
        let shown = example.filter(|value| !is_secret && is_plain(value));
        let value = match shown {
            Some(value) => format!("${{{name}:-{value}}}"),
            None => format!("${{{name}:?set it in .env}}"),
        };
        if shown.is_none() {
            plan.need(name, &format!("Read in {}.", source.name()));
        }
        let reason = match (&read.absence, is_secret) {
            (Absence::Fails, _) => format!("the program fails without `{name}`"),
            _ => format!("`{name}` is a secret, and the source has one that everybody knows"),
        };
        plan.choose(&application.name, "environment", reason, Some(place));
        entries.push((name.to_owned(), Some(value)));
    }
    if extent == EnvironmentExtent::All {
        add_example_secrets(input, application, &examples, &mut entries, plan);
    }
    add_set(input, application, &mut entries, plan);
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
    entries
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
    examples: &[ExampleVariable],
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    if application.server_host.is_some() {
        return;
    }
    for example in examples {
        let name = example.name.as_str();
        let is_known = entries.iter().any(|(known, value)| {
            known == name || value.as_ref().is_some_and(|value| value.contains(&format!("${{{name}:")))
        });
        let is_secret = secret::names_secret(name) && !example.value.is_empty() && !example.value.contains("://");
        if is_known || !is_secret {
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

/// Whether the image sets it.
fn is_set(application: &Application, name: &str) -> bool {
    let build = Build::new(application.input);
    let Some(stage) = build.target() else { return false };
    match build.scopes().lookup(stage.index, name, usize::MAX) {
        Lookup::Defined(known) => matches!(known.origin, VariableOrigin::Env | VariableOrigin::BaseImage),
        _ => false,
    }
}

/// Whether a value may stand in a variable of Compose as it is.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_./:-".contains(c))
}
