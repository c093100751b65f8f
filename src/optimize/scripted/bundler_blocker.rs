//! Why gems are not installed in a separate stage.

use std::fmt;

/// Why gems are not installed in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BundlerBlocker {
    UnsupportedShell,
    BetweenInstalls { line: String },
    VariableFolder,
    ProjectSettings,
}

impl fmt::Display for BundlerBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedShell => out.write_str("the shell of the install is not supported"),
            Self::BetweenInstalls { line } => write!(
                out,
                "line {line} may need the gems of the install above it and writes files for the install below it"
            ),
            Self::VariableFolder => out.write_str("an environment variable sets the folder of the gems"),
            Self::ProjectSettings => out.write_str("Bundler's settings are in the project folder"),
        }
    }
}
