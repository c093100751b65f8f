//! Why a Next.js image keeps its sources and packages.

use std::fmt;

use crate::optimize::languages::node::container_uses::ContainerUse;

/// Why a Next.js image keeps its sources and packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StandaloneBlocker {
    ContainerUse { what: ContainerUse },
    UnsupportedVersion,
    Workspace,
    UntracedPackage { package: String },
    UsesFiles { file: String },
    UnknownContext,
    UnreadFile { path: String },
    RuntimeConfiguration { path: String },
    ReadsVariable { path: String, name: String },
    SetsOutput { path: String },
    OtherOutput { path: String },
    UnsupportedOption { word: String },
    OtherPort,
    UnknownPort { text: String },
    UnknownHost { host: String },
    NoBuild,
    UnsupportedBuild,
    RunCreatesFiles,
    StepAfterBuild,
    Volume,
    OtherShell,
    Entrypoint,
    InRootFolder,
}

impl fmt::Display for StandaloneBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContainerUse { what } => write!(out, "{what}"),
            Self::UnsupportedVersion => out.write_str("the version of Next.js is unknown or not supported"),
            Self::Workspace => out.write_str("it is part of a workspace, or its packages are outside `node_modules`"),
            Self::UntracedPackage { package } => write!(out, "`{package}` may load files that Next.js does not trace"),
            Self::UsesFiles { file } => {
                write!(out, "`{file}` uses files, and it is not known which of them at run time")
            }
            Self::UnknownContext => out.write_str("the build context is not known"),
            Self::UnreadFile { path } => write!(out, "`{path}` cannot be read"),
            Self::RuntimeConfiguration { path } => write!(out, "`{path}` has settings that are read at start-up"),
            Self::ReadsVariable { path, name } => {
                write!(out, "`{path}` reads `{name}`, which may be set only at start-up")
            }
            Self::SetsOutput { path } => write!(out, "`{path}` sets the output folder or the traced files"),
            Self::OtherOutput { path } => write!(out, "`output` in `{path}` is neither unset nor `standalone`"),
            Self::UnsupportedOption { word } => write!(out, "the traced server does not support `{word}`"),
            Self::OtherPort => out.write_str("compose sets `PORT`, but `next start` uses another port"),
            Self::UnknownPort { text } => write!(out, "the port `{text}` is not known"),
            Self::UnknownHost { host } => write!(out, "the host `{host}` is not known"),
            Self::NoBuild => out.write_str("no RUN builds it"),
            Self::UnsupportedBuild => out.write_str("the RUN that builds it is not supported"),
            Self::RunCreatesFiles => out.write_str("a RUN creates files that the server may need"),
            Self::StepAfterBuild => out.write_str("a step after its build adds files that the server may need"),
            Self::Volume => out.write_str("the image has a VOLUME"),
            Self::OtherShell => out.write_str("the stage sets another SHELL"),
            Self::Entrypoint => out.write_str("an ENTRYPOINT starts it"),
            Self::InRootFolder => out.write_str("the project is in `/`, or the stage is based on another stage"),
        }
    }
}
