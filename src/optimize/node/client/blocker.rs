//! Why a site next to another program is not built in a separate stage.

use thiserror::Error;

use crate::optimize::node::output::UnknownOutput;

/// Why a site next to another program is not built in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum ClientBlocker {
    #[error("{why}")]
    Output { why: UnknownOutput },
    #[error("one RUN builds two sites")]
    TwoSitesInRun,
    #[error("the folder has another name in the image")]
    OtherFolderName,
    #[error("its build writes more than a site")]
    WritesMoreThanSite,
    #[error("its build writes to a folder that also holds other files")]
    WritesSharedFolder,
    #[error("a RUN builds it and also does something else")]
    RunDoesMore,
    #[error("a command builds it and also does something else")]
    CommandDoesMore,
    #[error("a step installs packages that its package.json does not list")]
    UnlistedPackages,
    #[error("a RUN removes files of the site")]
    RemovesFiles,
    #[error("script `{script}` builds it and also does something else")]
    ScriptDoesMore { script: String },
    #[error("the container runs in its folder")]
    ContainerRunsThere,
    #[error("the program of the container may run in its folder")]
    ContainerMayRunThere,
    #[error("the shell that starts the container is not supported")]
    UnsupportedShell,
    #[error("service `{service}` runs in its folder")]
    ServiceRunsThere { service: String },
    #[error("`{path}` may read its sources or packages")]
    MayReadSources { path: String },
    #[error("`{path}` may import its sources")]
    MayImportSources { path: String },
    #[error("`{path}` imports `{package}`, which another project installs")]
    ImportsForeignPackage { path: String, package: String },
    #[error("`{program}`, which another project installs, builds it")]
    ForeignBuilder { program: String },
    #[error("an environment variable sets the output folder of its build")]
    OutputVariable,
    #[error("a manifest above its folder sets its package manager")]
    PackageManagerAbove,
    #[error("`{path}` names files outside its folder")]
    NamesFilesOutside { path: String },
    #[error("`{word}` in `{path}` changes the output of its build")]
    ChangesOutput { word: String, path: String },
    #[error("`{path}` names `{package}`, which another project installs")]
    NamesForeignPackage { path: String, package: String },
    #[error("its build uses another user or shell")]
    OtherUserOrShell,
    #[error("a COPY is not supported")]
    UnsupportedCopy,
    #[error("a COPY before its build may copy what serves it")]
    CopyMayServe,
    #[error("a RUN is not supported")]
    UnsupportedRun,
    #[error("its commands cannot be separated from the others of the RUN")]
    InseparableCommands,
    #[error("its RUN writes another file")]
    RunWritesFile,
    #[error("a RUN before its build may write its sources")]
    RunMayWriteSources,
    #[error("a RUN before its build installs packages for both projects")]
    RunInstallsBoth,
    #[error("a RUN before its build may prepare it")]
    RunMayPrepare,
    #[error("a RUN after its build reads its folder")]
    RunReadsFolder,
    #[error("the working folder of a RUN is not known")]
    UnknownWorkingFolder,
}
