//! What a compose file is written from.

use std::collections::BTreeSet;

use crate::inputs::{ComposeInput, Inputs};
use crate::text::FileId;
use crate::variables::{ExampleVariable, VariableInput};

/// What a compose file is written from.
#[derive(Clone, Copy, Debug)]
pub struct EmitInput<'i> {
    /// The Dockerfiles below the folder, with what lies around them.
    pub inputs: &'i Inputs,
    /// The sources, settings and files of variables below the folder.
    pub files: &'i VariableInput,
    /// The variables of the example files among them.
    pub examples: &'i [ExampleVariable],
    /// The Dockerfiles with a HEALTHCHECK that a rule finds wrong.
    pub faulty_checks: &'i BTreeSet<FileId>,
    /// The folder, absolute: that of the project.
    pub folder: &'i str,
    /// The folder that paths are seen from, absolute.
    pub current: &'i str,
    /// The compose file of the folder, where there is one.
    pub existing: Option<&'i ComposeInput>,
    /// Which files on top of it are wanted.
    pub overrides: EmitOverrides,
}

/// Files on top of a compose file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmitOverrides {
    /// What holds only in production.
    pub production: bool,
    /// What only developers want.
    pub development: bool,
    /// What `docker compose watch` looks at; it stands in the file for developers.
    pub watch: bool,
}
