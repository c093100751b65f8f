//! Why gems are not installed in a separate stage.

use thiserror::Error;

/// Why gems are not installed in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum BundlerBlocker {
    #[error("the shell of the install is not supported")]
    UnsupportedShell,
    #[error("line {line} may need the gems of the install above it and writes files for the install below it")]
    BetweenInstalls { line: u32 },
    #[error("an environment variable sets the folder of the gems")]
    VariableFolder,
    #[error("Bundler's settings are in the project folder")]
    ProjectSettings,
}
