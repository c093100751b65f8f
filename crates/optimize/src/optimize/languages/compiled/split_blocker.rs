//! Why a program cannot be compiled in a separate stage.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a program cannot be compiled in a separate stage.
    pub(super) SplitBlocker {
        UnsupportedShell: "a RUN uses a shell that is not supported";
        Onbuild: "ONBUILD instructions run in builds that are not known here";
        UnknownGoPrograms: "the programs that `go install` creates are not known";
        UnknownOutput { line: u32 }: "the files that line {line} writes are not known";
        NeedsSystemFolder: "the program's files are in a system folder, and it is not known which of these it needs";
        NeighboursInSystemFolder { name: String, above: String }:
            "`{name}` needs the files next to it, and these are in the system folder `{above}`";
        PreparesContainer { line: u32 }: "line {line} builds the program and prepares the container in one script";
    }
}
