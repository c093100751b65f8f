//! Why a secret stays in an instruction.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a secret stays in an instruction.
    pub(super) SecretReason {
        PassedByBuild { name: String }:
            "the build command passes it; use `RUN --mount=type=secret,id={name},env={name}` to keep it out of the \
             history";
        MayBeRead { reader: SecretReader }:
            "{reader} may read it. Set it when the container starts, and replace the secret: everyone with the \
             image can read it";
        OtherVariables: "the instruction also sets other variables; move it to its own instruction, or remove it";
    }
}

reasons! {
    /// What may read a secret.
    pub(super) SecretReader {
        LibraryOrTool: "a library or tool";
        UnreadSource: "a source that was not read";
        File { path: String }: "`{path}`";
        ComposesNames { path: String }: "`{path}`, which composes variable names,";
        ComposeService: "a compose service";
        OtherInstruction: "another instruction";
    }
}
