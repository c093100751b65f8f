//! Why a stage keeps the full base image.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a stage keeps the full base image.
    pub(super) FullBaseReason {
        BuildsDependencies { package: String }: "`{package}` builds dependencies in the final stage";
        BuildsAtStart { command: String, package: String }:
            "the container starts with `{command}`, and what that compiles needs `{package}`";
        CompilesAtStart { program: String }: "the container starts `{program}`, which compiles with the JDK";
        UnsupportedShell: "a RUN uses a shell that is not supported, so the programs it calls are unknown";
        MissingFile { file: String }: "`{file}` was not found, so the programs it calls are unknown";
        Browser { browser: String }:
            "`{browser}` starts a browser, and it is not known which of its libraries are only in the full image";
        UnknownBuildTools { language: String }: "the build tools that its {language} dependencies need are not known";
        UnknownLibraries:
            "a Python package is compiled, and it is not known which libraries of the full image it loads; `--verify` can prove that the slim variant suffices";
        PinnedByDigest { image: String }:
            "`{image}` is pinned by digest, and the digest of its slim variant is not known";
        NoSlimVariant { image: String }: "no slim variant of `{image}` is known";
        HiddenTag { written: String }: "the part of the tag that would change is not written out in `{written}`";
        ArchivedRelease { package: String }:
            "`{package}` cannot be installed: Debian removed the release from its mirrors";
        UnknownPackageName { name: String }: "the name of the package `{name}` in this Debian release is not known";
    }
}
