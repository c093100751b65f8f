//! Jobs that check the repositories and images of a list in parts and join the results, for the systems that platform teams
//! have: GitHub, GitLab, Kubernetes. Each amount has its reason: a run that was measured, or an assumption that is called one.
//! Reads and writes nothing.

mod input;
mod names;
mod measured;
mod registries;
mod plan;
mod fill;
mod scripts;
mod github;
mod gitlab;
mod kubernetes;
mod steps;
#[cfg(test)]
mod tests;

pub use self::input::{FleetJobsInput, FleetSystem, ItemCounts};
pub use self::measured::{MeasuredFleet, MeasuredItem};
pub use self::names::{cluster_name, plain_path, registry_host, storage_size};

use self::plan::FleetPlan;
use crate::emit::{Emission, EmittedFile};
use crate::pipeline::{is_unchanged_fleet_file, with_fleet_header};

/// Writes the jobs. Files that are there and were written by others, or changed since, are its [`Emission::failure`].
pub fn fleet_jobs(input: &FleetJobsInput) -> Emission {
    let most = input.system.most_shards();
    if let Some(shards) = input.shards.filter(|shards| *shards > most) {
        let failure = Some(format!("{shards} shards are too many: {} runs at most {most} jobs", input.system.title()));
        return Emission { failure, ..Emission::default() };
    }
    let plan = FleetPlan::of(input);
    let files = match input.system {
        FleetSystem::Github => github::files(input, &plan),
        FleetSystem::Gitlab => gitlab::files(input, &plan),
        FleetSystem::Kubernetes => kubernetes::files(input, &plan),
    };
    let foreign =
        files.iter().find(|file| (input.text_of)(&file.path).is_some_and(|text| !is_unchanged_fleet_file(&text)));
    if let Some(file) = foreign {
        let failure = Some(format!("`{}` is there, and is not as dockopt wrote it", file.path));
        return Emission { failure, ..Emission::default() };
    }
    let steps = if input.system == FleetSystem::Kubernetes { steps::steps(input, &plan) } else { Vec::new() };
    let files = files.into_iter().map(|file| EmittedFile { text: with_fleet_header(&file.text), ..file });
    let is_new = |file: &EmittedFile| (input.text_of)(&file.path).as_ref() != Some(&file.text);
    Emission {
        files: files.filter(is_new).collect(),
        choices: plan.choices(input),
        notes: plan.notes(input),
        steps,
        ..Emission::default()
    }
}
