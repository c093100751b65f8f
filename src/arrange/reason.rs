//! Why a command stays below the copies of sources.

use std::fmt;

/// Why a command cannot move above the copies of sources. Displayed as the second half of a message: "keeps
/// `npm ci` after the COPY of the sources: {reason}".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its working directory is unknown.
    FolderUnknown,
    /// There is no manifest in its working directory.
    ManifestMissing,
    /// The files that it reads are unknown.
    InstallUnknown,
    /// Why the reader of its manifest cannot list the files that it reads.
    Manifest(String),
    /// This folder of the build context would overwrite what it installs.
    Overwrites(String),
    /// A file that a manifest names is not in the build context.
    FileMissing {
        /// The file.
        file: String,
        /// The manifest.
        manifest: String,
    },
    /// This path is known only during the build.
    PathUnknown(String),
    /// This path is not a file in the build context.
    NotInContext(String),
    /// It builds the project itself.
    BuildsProject,
    /// It reads the whole build context.
    WholeContext,
    /// How this manifest gets into the image is unknown.
    ManifestUnreachable(String),
    /// A copy from another stage may contain the program that it runs.
    ProgramCopied,
    /// This command above it may do anything.
    CommandAbove(String),
    /// A command above it changes files that it may read.
    FilesAbove,
    /// A program of the project runs before it.
    ProgramAbove,
    /// The owner of files is changed before it.
    OwnerChanged,
    /// This file is changed before it.
    FileChanged(String),
    /// This instruction would move up too, and apply to earlier commands.
    SettingAbove(String),
    /// Its RUN deletes what it installs, which saves space only in the same layer.
    Cleaned,
    /// Its RUN changes the owner of what it installs, which costs nothing only in the same layer.
    Owned,
    /// Its RUN cannot be split.
    Indivisible,
    /// It would need this many COPY instructions.
    ManyCopies(usize),
    /// The last instruction of the file ends with a continuation.
    OpenLastLine,
    /// The WORKDIR of the base image is unknown.
    WorkdirUnknown,
    /// The USER of the base image is unknown.
    UserUnknown,
    /// The destination of a COPY that has to move cannot be rewritten.
    DestinationFixed,
    /// This path would need quotes in a COPY.
    NeedsQuotes(String),
    /// The COPY of its files could not be parsed.
    CopyUnknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::FolderUnknown => write!(out, "its working directory is unknown"),
            Self::ManifestMissing => write!(out, "the build context has no manifest for its working directory"),
            Self::InstallUnknown => write!(out, "it is unknown which files it reads"),
            Self::Manifest(text) => write!(out, "{text}"),
            Self::Overwrites(folder) => write!(out, "`{folder}` of the build context would overwrite what it installs"),
            Self::FileMissing { file, manifest } => {
                write!(out, "`{file}`, which `{manifest}` names, is not in the build context")
            }
            Self::PathUnknown(path) => write!(out, "`{path}` is known only during the build"),
            Self::NotInContext(path) => write!(out, "`{path}` is not a file in the build context"),
            Self::BuildsProject => write!(out, "it builds the project from its sources"),
            Self::WholeContext => write!(out, "it reads the whole build context"),
            Self::ManifestUnreachable(path) => write!(out, "it is unknown how `{path}` gets into the image"),
            Self::ProgramCopied => {
                write!(out, "a copy from another stage above it may contain the program that it runs")
            }
            Self::CommandAbove(command) => write!(out, "`{command}` above it may change files that it reads"),
            Self::FilesAbove => write!(out, "a command above it may change files that it reads"),
            Self::ProgramAbove => write!(out, "a program of the project runs before it"),
            Self::OwnerChanged => write!(out, "the owner of files is changed before it"),
            Self::FileChanged(path) => write!(out, "`{path}` is changed before it"),
            Self::SettingAbove(keyword) => write!(out, "{keyword} above it would then apply to earlier commands too"),
            Self::Cleaned => {
                write!(out, "its RUN deletes what it installs, and if split in two, the first layer would keep it")
            }
            Self::Owned => {
                write!(out, "its RUN changes the owner of what it installs, which a second layer would store again")
            }
            Self::Indivisible => write!(out, "its RUN cannot be split"),
            Self::ManyCopies(count) => write!(out, "it would need {count} COPY instructions for manifests"),
            Self::OpenLastLine => write!(out, "the last line of the file ends with a continuation"),
            Self::WorkdirUnknown => write!(out, "the WORKDIR of the base image is unknown"),
            Self::UserUnknown => write!(out, "the USER of the base image is unknown"),
            Self::DestinationFixed => write!(out, "the destination of a COPY cannot be rewritten"),
            Self::NeedsQuotes(path) => write!(out, "`{path}` would need quotes in a COPY"),
            Self::CopyUnknown => write!(out, "the COPY of its files could not be parsed"),
        }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.to_string()
    }
}
