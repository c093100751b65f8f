//! Why a program stays in `/`.

use std::fmt;

/// Why a program stays in `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AppFolderBlocker {
    UnknownDestination,
    NamesPath { line: String, path: String },
    CommandMayUseRoot { line: String },
    DependsOnRoot { line: String },
    FixedCopy { line: String },
    SeveralWorkdirs,
    ServiceNames { file: String, name: String },
    SourceNames { file: String },
}

impl fmt::Display for AppFolderBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDestination => out.write_str("the destination of a COPY is known only at build time"),
            Self::NamesPath { line, path } => write!(out, "line {line} names `{path}`"),
            Self::CommandMayUseRoot { line } => {
                write!(out, "the command on line {line} may use files by their path from `/`")
            }
            Self::DependsOnRoot { line } => write!(out, "line {line} depends on `/`"),
            Self::FixedCopy { line } => {
                write!(out, "the COPY to `/` on line {line} is written in a form that cannot be changed")
            }
            Self::SeveralWorkdirs => out.write_str("it has several WORKDIRs, or files are copied before its WORKDIR"),
            Self::ServiceNames { file, name } => write!(out, "`{file}` names `/{name}`"),
            Self::SourceNames { file } => write!(out, "`{file}` names a file of the program by its path from `/`"),
        }
    }
}
