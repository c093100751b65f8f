//! Why a program cannot be compiled in a separate stage.

use thiserror::Error;

/// Why a program cannot be compiled in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum SplitBlocker {
    #[error("a RUN uses a shell that is not supported")]
    UnsupportedShell,
    #[error("ONBUILD instructions run in builds that are not known here")]
    Onbuild,
    #[error("the programs that `go install` creates are not known")]
    UnknownGoPrograms,
    #[error("the files that line {line} writes are not known")]
    UnknownOutput { line: u32 },
    #[error("the program's files are in a system folder, and it is not known which of these it needs")]
    NeedsSystemFolder,
    #[error("`{name}` needs the files next to it, and these are in the system folder `{above}`")]
    NeighboursInSystemFolder { name: String, above: String },
    #[error("line {line} builds the program and prepares the container in one script")]
    PreparesContainer { line: u32 },
}
