//! Why a stage keeps the full base image.

use std::fmt;

/// Why a stage keeps the full base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FullBaseReason {
    BuildsDependencies { package: String },
    UnsupportedShell,
    MissingFile { file: String },
    Browser { browser: String },
    UnknownBuildTools { language: String },
    PinnedByDigest { image: String },
    NoSlimVariant { image: String },
    HiddenTag { written: String },
    ArchivedRelease { package: String },
    UnknownPackageName { name: String },
}

impl fmt::Display for FullBaseReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuildsDependencies { package } => write!(out, "`{package}` builds dependencies in the final stage"),
            Self::UnsupportedShell => {
                out.write_str("a RUN uses a shell that is not supported, so the programs it calls are unknown")
            }
            Self::MissingFile { file } => write!(out, "`{file}` was not found, so the programs it calls are unknown"),
            Self::Browser { browser } => write!(
                out,
                "`{browser}` starts a browser, and it is not known which of its libraries are only in the full image"
            ),
            Self::UnknownBuildTools { language } => {
                write!(out, "the build tools that its {language} dependencies need are not known")
            }
            Self::PinnedByDigest { image } => {
                write!(out, "`{image}` is pinned by digest, and the digest of its slim variant is not known")
            }
            Self::NoSlimVariant { image } => write!(out, "no slim variant of `{image}` is known"),
            Self::HiddenTag { written } => {
                write!(out, "the part of the tag that would change is not written out in `{written}`")
            }
            Self::ArchivedRelease { package } => {
                write!(out, "`{package}` cannot be installed: Debian removed the release from its mirrors")
            }
            Self::UnknownPackageName { name } => {
                write!(out, "the name of the package `{name}` in this Debian release is not known")
            }
        }
    }
}
