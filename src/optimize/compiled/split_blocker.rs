//! Why a program cannot be compiled in a separate stage.

use std::fmt;

/// Why a program cannot be compiled in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SplitBlocker {
    UnsupportedShell,
    Onbuild,
    UnknownGoPrograms,
    UnknownOutput { line: String },
    NeedsSystemFolder,
    NeighboursInSystemFolder { name: String, above: String },
    PreparesContainer { line: String },
}

impl fmt::Display for SplitBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedShell => out.write_str("a RUN uses a shell that is not supported"),
            Self::Onbuild => out.write_str("ONBUILD instructions run in builds that are not known here"),
            Self::UnknownGoPrograms => out.write_str("the programs that `go install` creates are not known"),
            Self::UnknownOutput { line } => write!(out, "the files that line {line} writes are not known"),
            Self::NeedsSystemFolder => {
                out.write_str("the program's files are in a system folder, and it is not known which of these it needs")
            }
            Self::NeighboursInSystemFolder { name, above } => {
                write!(out, "`{name}` needs the files next to it, and these are in the system folder `{above}`")
            }
            Self::PreparesContainer { line } => {
                write!(out, "line {line} builds the program and prepares the container in one script")
            }
        }
    }
}
