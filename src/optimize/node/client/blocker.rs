//! Why a site next to another program is not built in a separate stage.

use std::fmt;

use crate::optimize::node::output::UnknownOutput;

/// Why a site next to another program is not built in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClientStageBlocker {
    Output { why: UnknownOutput },
    TwoSitesInRun,
    OtherFolderName,
    WritesMoreThanSite,
    WritesSharedFolder,
    RunDoesMore,
    CommandDoesMore,
    UnlistedPackages,
    RemovesFiles,
    ScriptDoesMore { script: String },
    ContainerRunsThere,
    ContainerMayRunThere,
    UnsupportedShell,
    ServiceRunsThere { service: String },
    MayReadSources { path: String },
    MayImportSources { path: String },
    ImportsForeignPackage { path: String, package: String },
    ForeignBuilder { program: String },
    OutputVariable,
    PackageManagerAbove,
    NamesFilesOutside { path: String },
    ChangesOutput { word: String, path: String },
    NamesForeignPackage { path: String, package: String },
    OtherUserOrShell,
    UnsupportedCopy,
    CopyMayServe,
    UnsupportedRun,
    InseparableCommands,
    RunWritesFile,
    RunMayWriteSources,
    RunInstallsBoth,
    RunMayPrepare,
    RunReadsFolder,
    UnknownWorkingFolder,
}

impl fmt::Display for ClientStageBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output { why } => write!(out, "{why}"),
            Self::TwoSitesInRun => out.write_str("one RUN builds two sites"),
            Self::OtherFolderName => out.write_str("the folder has another name in the image"),
            Self::WritesMoreThanSite => out.write_str("its build writes more than a site"),
            Self::WritesSharedFolder => out.write_str("its build writes to a folder that also holds other files"),
            Self::RunDoesMore => out.write_str("a RUN builds it and also does something else"),
            Self::CommandDoesMore => out.write_str("a command builds it and also does something else"),
            Self::UnlistedPackages => out.write_str("a step installs packages that its package.json does not list"),
            Self::RemovesFiles => out.write_str("a RUN removes files of the site"),
            Self::ScriptDoesMore { script } => write!(out, "script `{script}` builds it and also does something else"),
            Self::ContainerRunsThere => out.write_str("the container runs in its folder"),
            Self::ContainerMayRunThere => out.write_str("the program of the container may run in its folder"),
            Self::UnsupportedShell => out.write_str("the shell that starts the container is not supported"),
            Self::ServiceRunsThere { service } => write!(out, "service `{service}` runs in its folder"),
            Self::MayReadSources { path } => write!(out, "`{path}` may read its sources or packages"),
            Self::MayImportSources { path } => write!(out, "`{path}` may import its sources"),
            Self::ImportsForeignPackage { path, package } => {
                write!(out, "`{path}` imports `{package}`, which another project installs")
            }
            Self::ForeignBuilder { program } => write!(out, "`{program}`, which another project installs, builds it"),
            Self::OutputVariable => out.write_str("an environment variable sets the output folder of its build"),
            Self::PackageManagerAbove => out.write_str("a manifest above its folder sets its package manager"),
            Self::NamesFilesOutside { path } => write!(out, "`{path}` names files outside its folder"),
            Self::ChangesOutput { word, path } => write!(out, "`{word}` in `{path}` changes the output of its build"),
            Self::NamesForeignPackage { path, package } => {
                write!(out, "`{path}` names `{package}`, which another project installs")
            }
            Self::OtherUserOrShell => out.write_str("its build uses another user or shell"),
            Self::UnsupportedCopy => out.write_str("a COPY is not supported"),
            Self::CopyMayServe => out.write_str("a COPY before its build may copy what serves it"),
            Self::UnsupportedRun => out.write_str("a RUN is not supported"),
            Self::InseparableCommands => out.write_str("its commands cannot be separated from the others of the RUN"),
            Self::RunWritesFile => out.write_str("its RUN writes another file"),
            Self::RunMayWriteSources => out.write_str("a RUN before its build may write its sources"),
            Self::RunInstallsBoth => out.write_str("a RUN before its build installs packages for both projects"),
            Self::RunMayPrepare => out.write_str("a RUN before its build may prepare it"),
            Self::RunReadsFolder => out.write_str("a RUN after its build reads its folder"),
            Self::UnknownWorkingFolder => out.write_str("the working folder of a RUN is not known"),
        }
    }
}
