//! Why Composer's packages are not installed in a separate stage.

use std::fmt;

/// Why Composer's packages are not installed in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ComposerBlocker {
    RunsAtStart,
    RunDoesMore,
    UnsupportedShell,
    CustomFolder,
    UnknownWorkingFolder,
}

impl fmt::Display for ComposerBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunsAtStart => out.write_str("the container runs Composer at start-up"),
            Self::RunDoesMore => out.write_str("a RUN calls Composer and also does something else"),
            Self::UnsupportedShell => out.write_str("the shell of the install is not supported"),
            Self::CustomFolder => out.write_str("Composer installs into a custom folder"),
            Self::UnknownWorkingFolder => out.write_str("the working folder is not known"),
        }
    }
}
