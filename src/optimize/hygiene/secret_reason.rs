//! Why a secret stays in an instruction.

use thiserror::Error;

/// Why a secret stays in an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum SecretReason {
    #[error(
        "the build command passes it; use `RUN --mount=type=secret,id={name},env={name}` to keep it out of the \
             history"
    )]
    PassedByBuild { name: String },
    #[error(
        "{reader} may read it. Set it when the container starts, and replace the secret: everyone with the \
             image can read it"
    )]
    MayBeRead { reader: SecretReader },
    #[error("the instruction also sets other variables; move it to its own instruction, or remove it")]
    OtherVariables,
}

/// What may read a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum SecretReader {
    #[error("a library or tool")]
    LibraryOrTool,
    #[error("a source that was not read")]
    UnreadSource,
    #[error("`{path}`")]
    File { path: String },
    #[error("`{path}`, which composes variable names,")]
    ComposesNames { path: String },
    #[error("a compose service")]
    ComposeService,
    #[error("another instruction")]
    OtherInstruction,
}
