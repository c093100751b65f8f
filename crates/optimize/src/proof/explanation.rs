//! Why a difference between the original and the rewrite does no harm.

use std::fmt;

/// Why a difference between the original and the rewrite does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Explanation {
    NextServer,
    ReplacedServer,
    CompiledStart,
    BuildVariable,
    DefaultCertificates,
    ServerBaseVariable,
    WebServerVariable,
    Secret,
    OriginalBaseVariable,
    EmptyFolder,
    RemovedFolder,
    StartedByPath,
    OtherServerSetting,
    MovedFolder,
    UnusedShell,
    Excluded,
    NotTraced,
    ServedOutput,
    Leftover,
    SetuptoolsLeftover,
    ForTools,
    OtherHash,
    CompilerOnly,
    NotRun,
    NoNodeProgram,
    BundledSite,
    LockedDevDependency,
    InstallTool,
    ProjectItself,
    DevDependency,
    OtherServerRuntime,
    NodeCertificates,
    NginxCertificates,
    TzdataPackage,
    NodeContainsIt,
    ServesFiles,
    NoTimeZones,
    OriginalLacksIt,
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextServer => out.write_str("Next.js generated this program as its server"),
            Self::ReplacedServer => out.write_str("the rewrite replaces the server"),
            Self::CompiledStart => {
                out.write_str("the program is compiled when the image is built, and gets the same arguments")
            }
            Self::BuildVariable => out.write_str("only build tools read it"),
            Self::DefaultCertificates => out.write_str("it names the file that is used by default"),
            Self::ServerBaseVariable => out.write_str("the base image of the server does not set it"),
            Self::WebServerVariable => out.write_str("the web server does not read it"),
            Self::Secret => out.write_str("a secret, which must now be set when the container starts"),
            Self::OriginalBaseVariable => out.write_str("only the original base image sets it"),
            Self::EmptyFolder => out.write_str("the folder is empty in the original"),
            Self::RemovedFolder => out.write_str("the folder does not exist in the rewrite"),
            Self::StartedByPath => out.write_str("its programs are started by their paths"),
            Self::OtherServerSetting => out.write_str("the other server sets it"),
            Self::MovedFolder => out.write_str("the files that were copied to `/` are there"),
            Self::UnusedShell => out.write_str("no RUN in the web server's stage uses it"),
            Self::Excluded => out.write_str("excluded by the new .dockerignore"),
            Self::NotTraced => out.write_str("Next.js traced that its server does not load it"),
            Self::ServedOutput => out.write_str("the server serves the files built from it"),
            Self::Leftover => out.write_str("caches and leftovers of tools"),
            Self::SetuptoolsLeftover => out.write_str("leftovers of setuptools, which installed what it built"),
            Self::ForTools => out.write_str("the build wrote it, and only tools read it"),
            Self::OtherHash => out.write_str("built again, with another hash in the name"),
            Self::CompilerOnly => out.write_str("only the compiler reads or writes it; its output runs"),
            Self::NotRun => out.write_str("no program of it runs in a container"),
            Self::NoNodeProgram => out.write_str("no Node.js program runs in a container"),
            Self::BundledSite => out.write_str("its site is bundled, and another program serves it"),
            Self::LockedDevDependency => out.write_str("a dev dependency by the lock file"),
            Self::InstallTool => out.write_str("only needed to install"),
            Self::ProjectItself => out.write_str("the project itself; its files are compared as application files"),
            Self::DevDependency => out.write_str("a dev dependency by the manifest"),
            Self::OtherServerRuntime => out.write_str("the other server needs none"),
            Self::NodeCertificates => out.write_str("Node.js contains its own certificates"),
            Self::NginxCertificates => {
                out.write_str("nginx sends TLS requests only if its configuration names a certificate file")
            }
            Self::TzdataPackage => out.write_str("the installed package tzdata contains them"),
            Self::NodeContainsIt => out.write_str("Node.js contains its own"),
            Self::ServesFiles => out.write_str("the server only serves files and needs no time zones"),
            Self::NoTimeZones => out.write_str("no source of the program uses one"),
            Self::OriginalLacksIt => out.write_str("the original lacks it as well"),
        }
    }
}
