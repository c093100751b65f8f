//! Why a Go program keeps its base image.

use thiserror::Error;

/// Why a Go program keeps its base image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum ScratchBlocker {
    #[error("`CGO_ENABLED` allows linking with a C library")]
    CgoEnabled,
    #[error("no command is known to compile it, so how it is linked is unknown")]
    UnknownBuild,
    #[error("the program may be linked with a C library; set `CGO_ENABLED=0` for its build if it is not")]
    MayUseCgo,
    #[error("`{flag}` needs a C library")]
    CgoFlag { flag: String },
    #[error("`{path}` uses cgo")]
    UsesCgo { path: String },
    #[error("module `{name}` may use cgo; its sources are not vendored")]
    ModuleMayUseCgo { name: String },
    #[error("the CA certificates cannot be copied from the build stage")]
    NoCertificates,
    #[error("the program may need time zones, and the build stage has none")]
    NoTimeZones,
    #[error("the build stage has no name")]
    UnnamedBuildStage,
    #[error("a compose healthcheck uses a program of the image")]
    ComposeHealthcheck,
    #[error("a compose service starts another program of the image")]
    ComposeCommand,
    #[error("a compose service runs it as `{user}`; a user name needs /etc/passwd")]
    ComposeUser { user: String },
    #[error("a RUN in its stage needs a shell")]
    RunNeedsShell,
    #[error("a volume would be owned by root")]
    Volume,
    #[error("its command starts a shell")]
    StartsShell,
    #[error("its HEALTHCHECK may use a program of the base image")]
    Healthcheck,
    #[error("its USER is a name, which needs /etc/passwd")]
    NamedUser,
    #[error("a --chown uses a name, which needs /etc/passwd")]
    NamedOwner,
    #[error("files that are copied from another image may need the base image")]
    CopiesFromImage,
    #[error("not all sources were read")]
    UnreadSources,
    #[error("`{path}` uses {need}")]
    SourceNeeds { path: String, need: String },
    #[error("an environment variable sets a time zone, whose data is in the base image")]
    TimeZoneVariable,
    #[error("`{path}` writes files, and `scratch` has no command to create a folder for the non-root user")]
    WritesFiles { path: String },
}
