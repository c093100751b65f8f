//! The files: a new compose file, or additions to an existing one, with its overrides.

mod addition;
pub(super) mod emission;
mod example;
mod file_service;
mod git_ignore;
mod hook;
pub(super) mod merge;
pub(super) mod overrides;
mod production;
pub(super) mod render;
mod watch;

use self::emission::{Emission, EmittedFile};
use self::example::copied_environment_note;
use self::git_ignore::{committed_file_note, git_ignore_file};
use super::input::{ENVIRONMENT_FILES, EmitInput};
use super::links::Project;
use super::plan::ComposePlan;
use crate::compose::{is_main_file, written_project};
use crate::text::Source;

/// The files of a plan.
pub(super) fn emission(input: &EmitInput, project: &Project, mut plan: ComposePlan) -> Emission {
    if plan.services.is_empty() {
        return render::empty_emission(plan);
    }
    plan.notes.extend(copied_environment_note(input, project, &plan));
    plan.notes.extend(committed_file_note(input, &plan));
    let git_ignore = git_ignore_file(input, &plan);
    let names = input.existing.map(|existing| merge::service_names(input, existing, &plan, project));
    let overrides = overrides::override_files(input, &mut plan, project, &names.unwrap_or_default());
    let mut emission = match input.existing {
        None => render::emission(input, plan),
        Some(existing) => merge::emission(input, existing, plan, project),
    };
    emission.files.extend(overrides);
    let shows_variables = |file: &EmittedFile| file.path == ENVIRONMENT_FILES[1];
    if input.existing.is_none() || emission.files.iter().any(shows_variables) {
        emission.files.extend(git_ignore);
    }
    if let Some(failure) = refusal(input, &emission) {
        return Emission { notes: emission.notes, failure: Some(failure), ..Emission::default() };
    }
    emission
}

/// Why Compose would refuse the file, where it does not refuse the one that is there: two services of one name, a circle.
fn refusal(input: &EmitInput, emission: &Emission) -> Option<String> {
    let file = emission.files.first().filter(|file| is_main_file(&file.path))?;
    let is_accepted = |text: &str| written_project(&Source::of(&file.path, text), input.folder).is_some();
    let was_accepted = input.existing.is_none_or(|existing| is_accepted(input.inputs.source(existing.file).text()));
    let is_refused = was_accepted && !is_accepted(&file.text);
    is_refused.then(|| format!("Compose would refuse the {} that dockopt worked out, so nothing is written", file.path))
}
