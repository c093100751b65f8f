//! Why files stay in the build context.

use std::fmt;

/// Why files stay in the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContextReason {
    UnknownCopySource,
    InvalidIgnoreFile,
    HistoryRead { reader: String },
    CommittedPackages,
    Unmentioned { size: String },
    Named { reader: String },
    Loaded { reader: String },
    Copied,
    MayBeSecret,
}

impl fmt::Display for ContextReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCopySource => out.write_str("the source of a COPY is known only at build time"),
            Self::InvalidIgnoreFile => {
                out.write_str(".dockerignore is not valid; fix the line that `dockopt lint` reports")
            }
            Self::HistoryRead { reader } => write!(out, "`{reader}` reads the git history"),
            Self::CommittedPackages => out.write_str(
                "these packages are committed and may differ from the installed ones; remove them from git to \
                 exclude them",
            ),
            Self::Unmentioned { size } => write!(
                out,
                "no source mentions it, but it may be needed; add it to .dockerignore if not, to save {size}"
            ),
            Self::Named { reader } => {
                write!(out, "`{reader}` names it; mount it into the container instead, then add it to .dockerignore")
            }
            Self::Loaded { reader } => write!(
                out,
                "`{reader}` loads it; pass its variables to the container instead, then add it to .dockerignore"
            ),
            Self::Copied => out.write_str(
                "a COPY names it; use `RUN --mount=type=secret` to pass it to a step without storing it in a layer",
            ),
            Self::MayBeSecret => out.write_str("its name suggests a secret; if it is one, add it to .dockerignore"),
        }
    }
}
