//! Why a Go program keeps its base image.

use std::fmt;

/// Why a Go program keeps its base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScratchBlocker {
    CgoEnabled,
    UnknownBuild,
    MayUseCgo,
    CgoFlag { flag: String },
    UsesCgo { path: String },
    ModuleMayUseCgo { name: String },
    NoCertificates,
    NoTimeZones,
    UnnamedBuildStage,
    ComposeHealthcheck,
    ComposeCommand,
    ComposeUser { user: String },
    RunNeedsShell,
    Volume,
    StartsShell,
    Healthcheck,
    NamedUser,
    NamedOwner,
    CopiesFromImage,
    UnreadSources,
    SourceNeeds { path: String, need: String },
    TimeZoneVariable,
    WritesFiles { path: String },
}

impl fmt::Display for ScratchBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CgoEnabled => out.write_str("`CGO_ENABLED` allows linking with a C library"),
            Self::UnknownBuild => out.write_str("no command is known to compile it, so how it is linked is unknown"),
            Self::MayUseCgo => out.write_str(
                "the program may be linked with a C library; set `CGO_ENABLED=0` for its build if it is not",
            ),
            Self::CgoFlag { flag } => write!(out, "`{flag}` needs a C library"),
            Self::UsesCgo { path } => write!(out, "`{path}` uses cgo"),
            Self::ModuleMayUseCgo { name } => write!(out, "module `{name}` may use cgo; its sources are not vendored"),
            Self::NoCertificates => out.write_str("the CA certificates cannot be copied from the build stage"),
            Self::NoTimeZones => out.write_str("the program may need time zones, and the build stage has none"),
            Self::UnnamedBuildStage => out.write_str("the build stage has no name"),
            Self::ComposeHealthcheck => out.write_str("a compose healthcheck uses a program of the image"),
            Self::ComposeCommand => out.write_str("a compose service starts another program of the image"),
            Self::ComposeUser { user } => {
                write!(out, "a compose service runs it as `{user}`; a user name needs /etc/passwd")
            }
            Self::RunNeedsShell => out.write_str("a RUN in its stage needs a shell"),
            Self::Volume => out.write_str("a volume would be owned by root"),
            Self::StartsShell => out.write_str("its command starts a shell"),
            Self::Healthcheck => out.write_str("its HEALTHCHECK may use a program of the base image"),
            Self::NamedUser => out.write_str("its USER is a name, which needs /etc/passwd"),
            Self::NamedOwner => out.write_str("a --chown uses a name, which needs /etc/passwd"),
            Self::CopiesFromImage => out.write_str("files that are copied from another image may need the base image"),
            Self::UnreadSources => out.write_str("not all sources were read"),
            Self::SourceNeeds { path, need } => write!(out, "`{path}` uses {need}"),
            Self::TimeZoneVariable => {
                out.write_str("an environment variable sets a time zone, whose data is in the base image")
            }
            Self::WritesFiles { path } => write!(
                out,
                "`{path}` writes files, and `scratch` has no command to create a folder for the non-root user"
            ),
        }
    }
}
