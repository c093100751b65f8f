//! The build arguments that an image is not complete without.

use super::variable_need::is_plain;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::{example_of, place};
use crate::emit::input::EmitInput;
use crate::manifest::Ecosystem;
use crate::secret;
use crate::variables::ExampleVariable;

/// A build argument.
pub(super) struct BuildArgument {
    pub(super) name: String,
    /// Its value, with a variable of Compose; `None` where Compose passes on what is set.
    pub(super) value: Option<String>,
    /// Where the example sets it.
    pub(super) place: Option<String>,
}

/// The build arguments of a front end that its Dockerfile declares without a default: a bundler puts them into what browsers
/// load, where a variable of the container comes too late. Only what its name or its address of the web shows to be for
/// browsers is taken, as all stays in the image.
pub(super) fn build_arguments(input: &EmitInput, application: &Application) -> Vec<BuildArgument> {
    let names = application.open_arguments();
    let mut projects = application.build.input().projects.as_deref().into_iter().flatten();
    if names.is_empty() || projects.all(|project| project.ecosystem != Ecosystem::Node) {
        return Vec::new();
    }
    names.into_iter().filter_map(|name| build_argument(input, application, name)).collect()
}

fn build_argument(input: &EmitInput, application: &Application, name: String) -> Option<BuildArgument> {
    let is_value = |known: &ExampleVariable| known.name == name && !known.value.is_empty();
    let example = example_of(input, application, is_value);
    let is_address = |value: &str| value.starts_with("http") && !value.contains('@');
    let is_secret = secret::names_secret(&name);
    let is_of_web = |value: &str| is_address(value) && !is_secret && !name.to_ascii_lowercase().ends_with("_proxy");
    if !secret::is_bundled(&name) && !example.is_some_and(|example| is_of_web(&example.value)) {
        return None;
    }
    let example_value = if is_secret { None } else { example };
    let value = example_value.map(|example| {
        if is_plain(&example.value) { format!("${{{name}:-{}}}", example.value) } else { format!("${{{name}}}") }
    });
    let place = example.map(|example| place(&input.files.files[example.file].source, example.at));
    Some(BuildArgument { name, value, place })
}
