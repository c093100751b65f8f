//! Why a final stage keeps the toolchain image.

use std::fmt;

/// Why a final stage keeps the toolchain image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToolchainReason {
    UnknownRuntime { image: String },
    UnknownPackage { small: String, program: String },
    CallsTool { program: String },
    UsesCompiler { path: String },
    NamesToolchainFolder { home: String },
}

impl fmt::Display for ToolchainReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRuntime { image } => {
                write!(out, "the runtime image for programs built with `{image}` is not known")
            }
            Self::UnknownPackage { small, program } => {
                write!(out, "`{small}` lacks `{program}`, and no package is known to provide it")
            }
            Self::CallsTool { program } => write!(out, "the container calls `{program}`"),
            Self::UsesCompiler { path } => write!(out, "`{path}` uses the compiler at run time"),
            Self::NamesToolchainFolder { home } => write!(out, "an instruction of the stage names `{home}`"),
        }
    }
}
