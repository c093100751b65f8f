//! What a compose file is written from.

use std::collections::BTreeSet;

use crate::inputs::{ComposeInput, Inputs};
use crate::text::{FileId, path};
use crate::variables::{ExampleVariable, VariableFile, VariableInput};

/// The file of variables beside a compose file, and the one that shows what to set in it.
pub const ENVIRONMENT_FILES: [&str; 2] = [".env", ".env.example"];

/// The file with what git ignores.
pub const IGNORE_FILE: &str = ".gitignore";

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
    /// Which of [`ENVIRONMENT_FILES`] git would ignore in the folder; `None` outside of a repository.
    pub git_ignored: Option<&'i BTreeSet<String>>,
    /// The folder, absolute: that of the project.
    pub folder: &'i str,
    /// The folder that paths are seen from, absolute.
    pub current: &'i str,
    /// The compose file of the folder, where there is one.
    pub existing: Option<&'i ComposeInput>,
    /// Which files on top of it are wanted.
    pub overrides: EmitOverrides,
}

impl<'i> EmitInput<'i> {
    /// The file of a name in the folder of the project.
    pub(super) fn file(&self, name: &str) -> Option<&'i VariableFile> {
        let place = path::child(self.folder, name);
        self.files.files.iter().find(|file| file.path == place)
    }
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
