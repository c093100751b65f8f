//! The file that shows which variables the user must set.

use super::input::EmitInput;
use super::plan::ComposePlan;
use crate::text::path;
use crate::variables::committed_variables;

/// Its name.
const NAME: &str = ".env.example";

/// The text of the file with the variables that it lacks; `None` where it has them all.
pub(super) fn example_file(input: &EmitInput, plan: &ComposePlan) -> Option<(String, String)> {
    let place = path::child(input.folder, NAME);
    let existing = input.files.files.iter().find(|file| file.path == place).map(|file| file.source.text());
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
    let mut text =
        existing.unwrap_or("# Copy this file to `.env` and set the values; `.env` is not for git.\n").to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for variable in missing {
        let mark = if variable.is_optional { "# " } else { "" };
        text.push_str(&format!("\n# {}\n{mark}{}=\n", variable.purpose, variable.name));
    }
    Some((NAME.to_owned(), text))
}
