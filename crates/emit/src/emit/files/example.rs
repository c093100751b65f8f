//! The file that shows which variables the user must set.

use crate::emit::facts::copied_environment::is_copied;
use crate::emit::input::{ENVIRONMENT_FILES, EmitInput};
use crate::emit::links::Project;
use crate::emit::plan::ComposePlan;
use crate::variables::committed_variables;

/// The text of the file with the variables that it lacks; `None` where it has them all.
pub(in crate::emit) fn example_file(input: &EmitInput, plan: &ComposePlan) -> Option<(String, String)> {
    let [set_file, name] = ENVIRONMENT_FILES;
    let existing = input.file(name).map(|file| file.source.text());
    let has = |name: &str| {
        existing.is_some_and(|text| {
            text.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ']);
                line.strip_prefix("export ").unwrap_or(line).split('=').next().map(str::trim) == Some(name)
            })
        })
    };
    let set = committed_variables(input.files, input.folder).map(|(_, variables)| variables).unwrap_or_default();
    let is_set = |name: &str| set.iter().any(|variable| variable.name == name && !variable.value.is_empty());
    let missing: Vec<_> =
        plan.needed.iter().filter(|variable| !has(&variable.name) && !is_set(&variable.name)).collect();
    if missing.is_empty() {
        return None;
    }
    // A copy would take away what is set there.
    let head = match input.file(set_file) {
        Some(_) => "# Add these to `.env` and set the values.\n",
        None => "# Copy this file to `.env` and set the values; `.env` is not for git.\n",
    };
    let mut text = existing.unwrap_or(head).to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for variable in missing {
        let mark = if variable.is_optional { "# " } else { "" };
        text.push_str(&format!("\n# {}\n{mark}{}=\n", variable.purpose, variable.name));
    }
    Some((name.to_owned(), text))
}

/// A note on the images that `.env` would be copied into, where the user is asked to write that file.
pub(in crate::emit) fn copied_environment_note(
    input: &EmitInput,
    project: &Project,
    plan: &ComposePlan,
) -> Option<String> {
    if plan.needed.is_empty() {
        return None;
    }
    let names: Vec<&str> =
        project.applications().filter(|known| is_copied(input, known)).map(|known| known.name.as_str()).collect();
    let images = match names.as_slice() {
        [] => return None,
        [name] => format!("the image of {name}"),
        names => format!("the images of {}", names.join(", ")),
    };
    Some(format!("`COPY` takes `.env` with its secrets into {images}: add `.env` to .dockerignore"))
}
