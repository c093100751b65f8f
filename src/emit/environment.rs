//! The variables that a program gets: where its servers are, what it cannot do without, and secrets of its own.

use super::application::Application;
use super::connection::Connection;
use super::input::EmitInput;
use super::mention::place;
use super::plan::ComposePlan;
use crate::build::{Build, Lookup, VariableOrigin};
use crate::data;
use crate::manifest::Ecosystem;
use crate::secret;
use crate::sources::variables::Absence;
use crate::variables::{example_variables, is_set_by_images};

/// Which variables are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvironmentExtent {
    /// All that the program should get.
    All,
    /// Only those without which it fails.
    Needed,
}

/// Names and values, with variables of Compose.
pub(super) fn environment(
    input: &EmitInput,
    application: &Application,
    connections: &[Connection],
    extent: EnvironmentExtent,
    plan: &mut ComposePlan,
) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> =
        connections.iter().filter_map(|known| Some((known.variable.clone()?, known.value.clone()))).collect();
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
        entries.push((name.to_owned(), value));
    }
    for row in data::FRAMEWORK_VARIABLES.rows() {
        let is_there = Ecosystem::of(row[1]).is_some_and(|known| application.has_package(known, row[0]));
        let name = row[2];
        if is_there && entries.iter().all(|(known, _)| known != name) && !is_set(application, name) {
            plan.need(name, &format!("A secret that {} asks for.", row[0]));
            let reason = format!("{} does not start without `{name}`", row[0]);
            plan.choose(&application.name, "environment", reason, None);
            entries.push((name.to_owned(), format!("${{{name}:?set it in .env}}")));
        }
    }
    entries
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
