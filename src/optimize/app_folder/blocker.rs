//! Why a program stays in `/`.

use thiserror::Error;

/// Why a program stays in `/`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum AppFolderBlocker {
    #[error("the destination of a COPY is known only at build time")]
    UnknownDestination,
    #[error("line {line} names `{path}`")]
    NamesPath { line: u32, path: String },
    #[error("the command on line {line} may use files by their path from `/`")]
    CommandMayUseRoot { line: u32 },
    #[error("line {line} depends on `/`")]
    DependsOnRoot { line: u32 },
    #[error("the COPY to `/` on line {line} is written in a form that cannot be changed")]
    FixedCopy { line: u32 },
    #[error("it has several WORKDIRs, or files are copied before its WORKDIR")]
    SeveralWorkdirs,
    #[error("`{file}` names `/{name}`")]
    ServiceNames { file: String, name: String },
    #[error("`{file}` names a file of the program by its path from `/`")]
    SourceNames { file: String },
}
