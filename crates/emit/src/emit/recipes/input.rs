//! What recipes are made from.

use crate::compose::project::ComposeProject;
use crate::inputs::ComposeInput;
use crate::manifest::Project;
use crate::text::{Source, Span};
use crate::workflow::RepositoryFiles;

/// What recipes are made from.
#[derive(Clone, Copy)]
pub struct RecipeInput<'i> {
    /// The compose file of the folder, where there is one.
    pub existing: Option<&'i ComposeInput>,
    /// The places in that file of checks that never succeed, as rules find.
    pub failing_checks: &'i [Span],
    /// The compose file that is written, as Compose reads it.
    pub written: Option<&'i ComposeProject>,
    /// The name of the compose file.
    pub compose_file: &'i str,
    /// The projects below the folder.
    pub projects: &'i [Project],
    /// The paths of all files below the folder, sorted.
    pub paths: &'i [String],
    /// The text of a file below the folder, of one that is written too.
    pub text_of: &'i dyn Fn(&str) -> Option<String>,
    /// The justfile of the folder, named by its path below it.
    pub justfile: Option<&'i Source>,
    /// The files that it may import, by their paths below the folder.
    pub imports: &'i RepositoryFiles<'i>,
}
