//! The files: a new compose file, or additions to an existing one, with its overrides.

mod addition;
pub(super) mod emission;
mod example;
mod file_service;
pub(super) mod merge;
pub(super) mod overrides;
pub(super) mod render;
mod watch;

use self::emission::Emission;
use self::example::copied_environment_note;
use super::input::EmitInput;
use super::links::Project;
use super::plan::ComposePlan;

/// The files of a plan.
pub(super) fn emission(input: &EmitInput, project: &Project, mut plan: ComposePlan) -> Emission {
    if plan.services.is_empty() {
        return render::empty_emission(plan);
    }
    plan.notes.extend(copied_environment_note(input, project, &plan));
    let names = input.existing.map(|existing| merge::service_names(input, existing, &plan, project));
    let overrides = overrides::override_files(input, &mut plan, project, &names.unwrap_or_default());
    let mut emission = match input.existing {
        None => render::emission(input, plan),
        Some(existing) => merge::emission(input, existing, plan, project),
    };
    emission.files.extend(overrides);
    emission
}
