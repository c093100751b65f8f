//! Why a command stays below the copies of sources.

use thiserror::Error;

/// Why a command cannot move above the copies of sources. Displayed as the second half of a message: "keeps
/// `npm ci` after the COPY of the sources: {reason}".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// Its working directory is unknown.
    #[error("its working directory is unknown")]
    FolderUnknown,
    /// There is no manifest in its working directory.
    #[error("the build context has no manifest for its working directory")]
    ManifestMissing,
    /// Its manifest comes from this stage.
    #[error("stage `{0}` brings its manifest")]
    ManifestOfStage(String),
    /// The files that it reads are unknown.
    #[error("it is unknown which files it reads")]
    InstallUnknown,
    /// Why the reader of its manifest cannot list the files that it reads.
    #[error("{0}")]
    Manifest(String),
    /// This folder of the build context would overwrite what it installs.
    #[error("`{0}` of the build context would overwrite what it installs")]
    Overwrites(String),
    /// A file that a manifest names is not in the build context.
    #[error("`{file}`, which `{manifest}` names, is not in the build context")]
    FileMissing {
        /// The file.
        file: String,
        /// The manifest.
        manifest: String,
    },
    /// This path is known only during the build.
    #[error("`{0}` is known only during the build")]
    PathUnknown(String),
    /// This path is not a file in the build context.
    #[error("`{0}` is not a file in the build context")]
    NotInContext(String),
    /// It builds the project itself.
    #[error("it builds the project from its sources")]
    BuildsProject,
    /// It reads the whole build context.
    #[error("it reads the whole build context")]
    WholeContext,
    /// How this manifest gets into the image is unknown.
    #[error("it is unknown how `{0}` gets into the image")]
    ManifestUnreachable(String),
    /// A copy from another stage may contain the program that it runs.
    #[error("a copy from another stage above it may contain the program that it runs")]
    ProgramCopied,
    /// This command above it may do anything.
    #[error("`{0}` above it may change files that it reads")]
    CommandAbove(String),
    /// A command above it changes files that it may read.
    #[error("a command above it may change files that it reads")]
    FilesAbove,
    /// A program of the project runs before it.
    #[error("a program of the project runs before it")]
    ProgramAbove,
    /// The owner of files is changed before it.
    #[error("the owner of files is changed before it")]
    OwnerChanged,
    /// This file is changed before it.
    #[error("`{0}` is changed before it")]
    FileChanged(String),
    /// This instruction would move up too, and apply to earlier commands.
    #[error("{0} above it would then apply to earlier commands too")]
    SettingAbove(String),
    /// Its RUN deletes what it installs, which saves space only in the same layer.
    #[error("its RUN deletes what it installs, and if split in two, the first layer would keep it")]
    Cleaned,
    /// Its RUN changes the owner of what it installs, which costs nothing only in the same layer.
    #[error("its RUN changes the owner of what it installs, which a second layer would store again")]
    Owned,
    /// Its RUN cannot be split.
    #[error("its RUN cannot be split")]
    Indivisible,
    /// It would need this many COPY instructions.
    #[error("it would need {0} COPY instructions for manifests")]
    ManyCopies(usize),
    /// The last instruction of the file ends with a continuation.
    #[error("the last line of the file ends with a continuation")]
    OpenLastLine,
    /// The WORKDIR of the base image is unknown.
    #[error("the WORKDIR of the base image is unknown")]
    WorkdirUnknown,
    /// The USER of the base image is unknown.
    #[error("the USER of the base image is unknown")]
    UserUnknown,
    /// The destination of a COPY that has to move cannot be rewritten.
    #[error("the destination of a COPY cannot be rewritten")]
    DestinationFixed,
    /// This path would need quotes in a COPY.
    #[error("`{0}` would need quotes in a COPY")]
    NeedsQuotes(String),
    /// The COPY of its files could not be parsed.
    #[error("the COPY of its files could not be parsed")]
    CopyUnknown,
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.to_string()
    }
}
