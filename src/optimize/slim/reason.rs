//! Why a stage keeps the full base image.

use thiserror::Error;

/// Why a stage keeps the full base image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum FullBaseReason {
    #[error("`{package}` builds dependencies in the final stage")]
    BuildsDependencies { package: String },
    #[error("a RUN uses a shell that is not supported, so the programs it calls are unknown")]
    UnsupportedShell,
    #[error("`{file}` was not found, so the programs it calls are unknown")]
    MissingFile { file: String },
    #[error("`{browser}` starts a browser, and it is not known which of its libraries are only in the full image")]
    Browser { browser: String },
    #[error("the build tools that its {language} dependencies need are not known")]
    UnknownBuildTools { language: String },
    #[error("`{image}` is pinned by digest, and the digest of its slim variant is not known")]
    PinnedByDigest { image: String },
    #[error("no slim variant of `{image}` is known")]
    NoSlimVariant { image: String },
    #[error("the part of the tag that would change is not written out in `{written}`")]
    HiddenTag { written: String },
    #[error("`{package}` cannot be installed: Debian removed the release from its mirrors")]
    ArchivedRelease { package: String },
    #[error("the name of the package `{name}` in this Debian release is not known")]
    UnknownPackageName { name: String },
}
