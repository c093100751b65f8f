//! What the files of a deployment are made of.

use std::collections::BTreeMap;

use crate::compose::project::ComposeProject;
use crate::inputs::ComposeInput;

/// The file on top of the author's that Compose finds by itself.
pub const OVERRIDE: &str = "compose.override.yaml";

/// The first line of that file where dockopt wrote it and may write it again.
pub(super) const HEADER: &str =
    "# Written by `dockopt deploy emit`: it may be written again. Compose finds this file by itself.";

/// Whether a file on top is one that an earlier run wrote.
pub fn is_written_override(text: &str) -> bool {
    text.starts_with(HEADER)
}

/// How the share of requests moves from the old version to the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeploymentStrategy {
    /// One container after the other.
    #[default]
    Rolling,
    /// All at once.
    BlueGreen,
    /// A few at first.
    Canary,
}

impl DeploymentStrategy {
    /// Its name in the script.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
        }
    }
}

/// What the files are made of.
#[derive(Clone, Copy)]
pub struct DeploymentInput<'i> {
    /// The compose file with what is known of its services.
    pub compose: &'i ComposeInput,
    /// The project, without the file that an earlier run wrote on top.
    pub project: &'i ComposeProject,
    /// The services whose containers are replaced.
    pub services: &'i [String],
    /// How requests move.
    pub strategy: DeploymentStrategy,
    /// The folder of the script, as seen from the project's folder.
    pub folder: &'i str,
    /// The compose files as the author passes them, as seen from the project's folder.
    pub author_files: &'i [String],
    /// The files that are there, by their paths as seen from the project's folder.
    pub existing: &'i BTreeMap<String, String>,
}
