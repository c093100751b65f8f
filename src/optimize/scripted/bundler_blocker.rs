//! Why gems are not installed in a separate stage.

use crate::optimize::reason::reasons;

reasons! {
    /// Why gems are not installed in a separate stage.
    pub(super) BundlerBlocker {
        UnsupportedShell: "the shell of the install is not supported";
        BetweenInstalls { line: u32 }:
            "line {line} may need the gems of the install above it and writes files for the install below it";
        VariableFolder: "an environment variable sets the folder of the gems";
        ProjectSettings: "Bundler's settings are in the project folder";
    }
}
