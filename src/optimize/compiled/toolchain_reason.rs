//! Why a final stage keeps the toolchain image.

use thiserror::Error;

/// Why a final stage keeps the toolchain image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum ToolchainReason {
    #[error("the runtime image for programs built with `{image}` is not known")]
    UnknownRuntime { image: String },
    #[error("`{small}` lacks `{program}`, and no package is known to provide it")]
    UnknownPackage { small: String, program: String },
    #[error("the container calls `{program}`")]
    CallsTool { program: String },
    #[error("`{path}` uses the compiler at run time")]
    UsesCompiler { path: String },
    #[error("an instruction of the stage names `{home}`")]
    NamesToolchainFolder { home: String },
}
