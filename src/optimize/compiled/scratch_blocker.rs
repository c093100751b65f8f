//! Why a Go program keeps its base image.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a Go program keeps its base image.
    pub(super) ScratchBlocker {
        CgoEnabled: "`CGO_ENABLED` allows linking with a C library";
        UnknownBuild: "no command is known to compile it, so how it is linked is unknown";
        MayUseCgo: "the program may be linked with a C library; set `CGO_ENABLED=0` for its build if it is not";
        CgoFlag { flag: String }: "`{flag}` needs a C library";
        UsesCgo { path: String }: "`{path}` uses cgo";
        ModuleMayUseCgo { name: String }: "module `{name}` may use cgo; its sources are not vendored";
        NoCertificates: "the CA certificates cannot be copied from the build stage";
        NoTimeZones: "the program may need time zones, and the build stage has none";
        UnnamedBuildStage: "the build stage has no name";
        ComposeHealthcheck: "a compose healthcheck uses a program of the image";
        ComposeCommand: "a compose service starts another program of the image";
        ComposeUser { user: String }: "a compose service runs it as `{user}`; a user name needs /etc/passwd";
        RunNeedsShell: "a RUN in its stage needs a shell";
        Volume: "a volume would be owned by root";
        StartsShell: "its command starts a shell";
        Healthcheck: "its HEALTHCHECK may use a program of the base image";
        NamedUser: "its USER is a name, which needs /etc/passwd";
        NamedOwner: "a --chown uses a name, which needs /etc/passwd";
        CopiesFromImage: "files that are copied from another image may need the base image";
        UnreadSources: "not all sources were read";
        SourceNeeds { path: String, need: String }: "`{path}` uses {need}";
        TimeZoneVariable: "an environment variable sets a time zone, whose data is in the base image";
        WritesFiles { path: String }:
            "`{path}` writes files, and `scratch` has no command to create a folder for the non-root user";
    }
}
