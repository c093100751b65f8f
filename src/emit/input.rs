//! What a compose file is written from.

use crate::inputs::{ComposeInput, Inputs};
use crate::variables::VariableInput;

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
