//! A compose file for a repository: from its Dockerfiles, manifests, sources and proxies to services with healthchecks, an
//! order by conditions, a migration job, volumes, networks and secrets. Reads and writes nothing.

mod input;
mod plan;
mod server_image;
mod shown_values;
mod target_builds;
#[cfg(test)]
mod test_inputs;
#[cfg(test)]
mod tests;

// The passes, in the order of their running.
mod facts;
mod links;
mod services;
mod files;
mod recipes;

pub use self::files::emission::{
    DependencyTranslation, Emission, EmissionStep, EmittedFile, is_written_by_deploy_emit,
};
pub use self::input::{ENVIRONMENT_FILES, EmitInput, EmitOverrides, IGNORE_FILE};
pub use self::plan::{Choice, ComposePlan, PlannedService, ServiceRole};
pub use self::recipes::{JUST_FILES, RecipeInput, add_recipes};

pub(crate) use self::facts::left_out::{ReasonAgainst, reasons_against};
pub(crate) use self::server_image::ServerImage;

use self::facts::built_binary::with_commands;
use self::links::Project;

/// Writes a compose file, or adds to the one that is there.
pub fn emit(input: &EmitInput) -> Emission {
    let inputs = with_commands(target_builds::with_targets(input.inputs));
    let examples = shown_values::without_placeholders(input.examples);
    let input = &EmitInput { inputs: &inputs, examples: &examples, ..*input };
    let mut plan = ComposePlan::default();
    let applications = facts::applications(input, &mut plan);
    let project = Project::of(input, applications, &mut plan);
    services::add_services(input, &project, &mut plan);
    files::emission(input, &project, plan)
}
