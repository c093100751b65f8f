//! A compose file for a repository: from its Dockerfiles, manifests, sources and proxies to services with healthchecks, an
//! order by conditions, a migration job, volumes, networks and secrets. Reads and writes nothing.

mod application;
mod backend;
mod check;
mod connection;
mod draft;
mod environment;
mod example;
mod merge;
mod migration;
mod plan;
mod proxy;
mod render;
mod route;
mod worker;

use crate::inputs::{ComposeInput, Inputs};
use crate::variables::VariableInput;

pub use self::plan::{Choice, ComposePlan, PlannedService, ServiceRole};

/// What a compose file is written from.
#[derive(Clone, Copy, Debug)]
pub struct EmitInput<'i> {
    /// The Dockerfiles below the folder, with what lies around them.
    pub inputs: &'i Inputs,
    /// The sources, settings and files of variables below the folder.
    pub files: &'i VariableInput,
    /// The folder, absolute: that of the project.
    pub folder: &'i str,
    /// The folder that paths are seen from, absolute.
    pub current: &'i str,
    /// The compose file of the folder, where there is one.
    pub existing: Option<&'i ComposeInput>,
}

/// A file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedFile {
    /// Its path below the folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is written, and why.
#[derive(Clone, Debug, Default)]
pub struct Emission {
    /// The compose file first; those that hold what they should already are left out.
    pub files: Vec<EmittedFile>,
    /// The choices that were made.
    pub choices: Vec<Choice>,
    /// What was left out, and what is left to the user.
    pub notes: Vec<String>,
}

/// Writes a compose file, or adds to the one that is there.
pub fn emit(input: &EmitInput) -> Emission {
    let plan = plan::compose_plan(input);
    match input.existing {
        None => render::emission(input, plan),
        Some(existing) => merge::emission(input, existing, plan),
    }
}
