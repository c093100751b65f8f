//! Why a Next.js image keeps its sources and packages.

use thiserror::Error;

use crate::optimize::languages::node::container_uses::ContainerUse;

/// Why a Next.js image keeps its sources and packages.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum StandaloneBlocker {
    #[error("{what}")]
    ContainerUse { what: ContainerUse },
    #[error("the version of Next.js is unknown or not supported")]
    UnsupportedVersion,
    #[error("it is part of a workspace, or its packages are outside `node_modules`")]
    Workspace,
    #[error("`{package}` may load files that Next.js does not trace")]
    UntracedPackage { package: String },
    #[error("`{file}` uses files, and it is not known which of them at run time")]
    UsesFiles { file: String },
    #[error("the build context is not known")]
    UnknownContext,
    #[error("`{path}` cannot be read")]
    UnreadFile { path: String },
    #[error("`{path}` has settings that are read at start-up")]
    RuntimeConfiguration { path: String },
    #[error("`{path}` reads `{name}`, which may be set only at start-up")]
    ReadsVariable { path: String, name: String },
    #[error("`{path}` sets the output folder or the traced files")]
    SetsOutput { path: String },
    #[error("`output` in `{path}` is neither unset nor `standalone`")]
    OtherOutput { path: String },
    #[error("the traced server does not support `{word}`")]
    UnsupportedOption { word: String },
    #[error("compose sets `PORT`, but `next start` uses another port")]
    OtherPort,
    #[error("the port `{text}` is not known")]
    UnknownPort { text: String },
    #[error("the host `{host}` is not known")]
    UnknownHost { host: String },
    #[error("no RUN builds it")]
    NoBuild,
    #[error("the RUN that builds it is not supported")]
    UnsupportedBuild,
    #[error("a RUN creates files that the server may need")]
    RunCreatesFiles,
    #[error("a step after its build adds files that the server may need")]
    StepAfterBuild,
    #[error("the image has a VOLUME")]
    Volume,
    #[error("the stage sets another SHELL")]
    OtherShell,
    #[error("an ENTRYPOINT starts it")]
    Entrypoint,
    #[error("the project is in `/`, or the stage is based on another stage")]
    InRootFolder,
}
