//! Why Composer's packages are not installed in a separate stage.

use thiserror::Error;

/// Why Composer's packages are not installed in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum ComposerBlocker {
    #[error("the container runs Composer at start-up")]
    RunsAtStart,
    #[error("a RUN calls Composer and also does something else")]
    RunDoesMore,
    #[error("the shell of the install is not supported")]
    UnsupportedShell,
    #[error("Composer installs into a custom folder")]
    CustomFolder,
    #[error("the working folder is not known")]
    UnknownWorkingFolder,
}
