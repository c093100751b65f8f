//! Why files stay in the build context.

use crate::optimize::reason::reasons;

reasons! {
    /// Why files stay in the build context.
    pub(super) ContextReason {
        UnknownCopySource: "the source of a COPY is known only at build time";
        InvalidIgnoreFile: ".dockerignore is not valid; fix the line that `dockopt lint` reports";
        HistoryRead { reader: String }: "`{reader}` reads the git history";
        HistoryPerhapsRead { why: String }: "{why}";
        HistoryNamed: "the Dockerfile names the git history";
        CommittedPackages:
            "these packages are committed and may differ from the installed ones; remove them from git to exclude \
             them";
        Unmentioned { size: String }:
            "no source mentions it, but it may be needed; add it to .dockerignore if not, to save {size}";
        Named { reader: String }:
            "`{reader}` names it; mount it into the container instead, then add it to .dockerignore";
        Loaded { reader: String }:
            "`{reader}` loads it; pass its variables to the container instead, then add it to .dockerignore";
        PackageLoads { manifest: String }:
            "`{manifest}` names a package that loads it; pass its variables to the container instead, then add it to \
             .dockerignore";
        Bundled { package: String }:
            "`{package}` reads it when it builds; pages contain the values that they use, so pass what is secret to the \
             container instead";
        CommandLoads: "a command of the Dockerfile loads it, or may";
        Copied: "a COPY names it; use `RUN --mount=type=secret` to pass it to a step without storing it in a layer";
        MayBeSecret: "its name suggests a secret; if it is one, add it to .dockerignore";
    }
}
