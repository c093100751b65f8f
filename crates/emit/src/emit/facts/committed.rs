//! The values of an `.env` that git keeps, which everybody has: they show what the variables of a program are like, as an
//! example does.

use super::application::Application;
use crate::emit::input::EmitInput;
use crate::variables::{ExampleVariable, committed_variables};

/// How often a value is looked into for the variables in it.
const DEEPEST: usize = 3;

/// The variables of the committed `.env` of a program, and of the project's, with those that their values name put in.
pub(in crate::emit) fn committed(input: &EmitInput, application: &Application) -> Vec<ExampleVariable> {
    let mut all: Vec<ExampleVariable> = Vec::new();
    for folder in [application.context.as_str(), input.folder] {
        let known = committed_variables(input.files, folder).map(|(_, variables)| variables).unwrap_or_default();
        let is_new = |variable: &ExampleVariable| all.iter().all(|known| known.name != variable.name);
        let new: Vec<ExampleVariable> = known.into_iter().filter(|known| !known.is_comment && is_new(known)).collect();
        all.extend(new);
    }
    for _ in 0..DEEPEST {
        let values: Vec<(String, String)> =
            all.iter().map(|known| (format!("${{{}}}", known.name), known.value.clone())).collect();
        for variable in all.iter_mut().filter(|known| known.value.contains("${")) {
            for (name, value) in values.iter().filter(|(_, value)| !value.contains("${")) {
                variable.value = variable.value.replace(name, value);
            }
        }
    }
    all
}
