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
    /// Its value, with a variable of Compose.
    pub(super) value: String,
    /// Where the example sets it.
    pub(super) place: String,
}

/// The build arguments of a front end that its Dockerfile declares without a default and that an example sets: a bundler
/// puts them into what browsers load, where a variable of the container comes too late. Only what its name or its address
/// of the web shows to be for browsers is taken, as all stays in the image.
pub(super) fn build_arguments(input: &EmitInput, application: &Application) -> Vec<BuildArgument> {
    let names = application.open_arguments();
    if names.is_empty() || application.projects().all(|project| project.ecosystem != Ecosystem::Node) {
        return Vec::new();
    }
    let arguments = names.into_iter().filter(|name| !secret::names_secret(name)).filter_map(|name| {
        let is_value = |known: &ExampleVariable| known.name == name && !known.value.is_empty();
        let example = example_of(input, application, is_value)?;
        let is_address = example.value.starts_with("http") && !example.value.contains('@');
        let is_for_browsers = secret::is_bundled(&name) || is_address && !name.to_ascii_lowercase().ends_with("_proxy");
        if !is_for_browsers {
            return None;
        }
        let value =
            if is_plain(&example.value) { format!("${{{name}:-{}}}", example.value) } else { format!("${{{name}}}") };
        let place = place(&input.files.files[example.file].source, example.at);
        Some(BuildArgument { name, value, place })
    });
    arguments.collect()
}
