//! Why a final stage keeps the toolchain image.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a final stage keeps the toolchain image.
    pub(super) ToolchainReason {
        UnknownRuntime { image: String }: "the runtime image for programs built with `{image}` is not known";
        UnknownPackage { small: String, program: String }:
            "`{small}` lacks `{program}`, and no package is known to provide it";
        CallsTool { program: String }: "the container calls `{program}`";
        UsesCompiler { path: String }: "`{path}` uses the compiler at run time";
        NamesToolchainFolder { home: String }: "an instruction of the stage names `{home}`";
    }
}
