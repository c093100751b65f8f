//! Why a secret stays in an instruction.

use std::fmt;

/// Why a secret stays in an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretReason {
    PassedByBuild { name: String },
    MayBeRead { reader: SecretReader },
    OtherVariables,
}

impl fmt::Display for SecretReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassedByBuild { name } => write!(
                out,
                "the build command passes it; use `RUN --mount=type=secret,id={name},env={name}` to keep it out of \
                 the history"
            ),
            Self::MayBeRead { reader } => write!(
                out,
                "{reader} may read it. Set it when the container starts, and replace the secret: everyone with the image can read it"
            ),
            Self::OtherVariables => {
                out.write_str("the instruction also sets other variables; move it to its own instruction, or remove it")
            }
        }
    }
}

/// What may read a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretReader {
    LibraryOrTool,
    UnreadSource,
    File { path: String },
    ComposesNames { path: String },
    ComposeService,
    OtherInstruction,
}

impl fmt::Display for SecretReader {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LibraryOrTool => out.write_str("a library or tool"),
            Self::UnreadSource => out.write_str("a source that was not read"),
            Self::File { path } => write!(out, "`{path}`"),
            Self::ComposesNames { path } => write!(out, "`{path}`, which composes variable names,"),
            Self::ComposeService => out.write_str("a compose service"),
            Self::OtherInstruction => out.write_str("another instruction"),
        }
    }
}
