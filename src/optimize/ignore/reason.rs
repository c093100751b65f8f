//! Why files stay in the build context.

use thiserror::Error;

/// Why files stay in the build context.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum ContextReason {
    #[error("the source of a COPY is known only at build time")]
    UnknownCopySource,
    #[error(".dockerignore is not valid; fix the line that `dockopt lint` reports")]
    InvalidIgnoreFile,
    #[error("`{reader}` reads the git history")]
    HistoryRead { reader: String },
    #[error(
        "these packages are committed and may differ from the installed ones; remove them from git to exclude \
             them"
    )]
    CommittedPackages,
    #[error("no source mentions it, but it may be needed; add it to .dockerignore if not, to save {size}")]
    Unmentioned { size: String },
    #[error("`{reader}` names it; mount it into the container instead, then add it to .dockerignore")]
    Named { reader: String },
    #[error("`{reader}` loads it; pass its variables to the container instead, then add it to .dockerignore")]
    Loaded { reader: String },
    #[error("a COPY names it; use `RUN --mount=type=secret` to pass it to a step without storing it in a layer")]
    Copied,
    #[error("its name suggests a secret; if it is one, add it to .dockerignore")]
    MayBeSecret,
}
