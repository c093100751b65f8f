//! Why a program stays in `/`.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a program stays in `/`.
    pub(super) AppFolderBlocker {
        UnknownDestination: "the destination of a COPY is known only at build time";
        NamesPath { line: u32, path: String }: "line {line} names `{path}`";
        CommandMayUseRoot { line: u32 }: "the command on line {line} may use files by their path from `/`";
        DependsOnRoot { line: u32 }: "line {line} depends on `/`";
        FixedCopy { line: u32 }: "the COPY to `/` on line {line} is written in a form that cannot be changed";
        SeveralWorkdirs: "it has several WORKDIRs, or files are copied before its WORKDIR";
        ServiceNames { file: String, name: String }: "`{file}` names `/{name}`";
        SourceNames { file: String }: "`{file}` names a file of the program by its path from `/`";
    }
}
