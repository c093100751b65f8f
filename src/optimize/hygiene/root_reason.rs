//! Why a container keeps running as root, and what shows where its program writes.

use std::fmt;

use crate::optimize::languages::node::writes::StartWrite;

/// Why an image that serves nothing stays as it is.
pub(super) const FOR_DEVELOPERS: &str = "by its names or its command, the image is for development or tests";

/// Why a container keeps running as root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RootReason {
    ForDevelopers,
    UnknownBase,
    UnknownBaseUser,
    UnknownCommand,
    UnknownWorkingFolder,
    UnknownUserCommand { image: String },
    ChangesUser,
    NeedsRoot,
    HasRights,
    OpensDevice { path: String },
    Calls { starter: Starter, program: String },
    Installs { starter: Starter, command: String },
    InstallsMissing { starter: Starter, command: String },
    Builds { starter: Starter, command: Option<String> },
    FilesInRootHome,
    FetchesToHome { command: String, variable: String },
    Puppeteer,
    Corepack,
    DevelopmentServer { command: String },
    DataFolderMounted { path: String, mount: MountedFolder },
    WritesToMount { evidence: WriteEvidence, mount: MountedFolder },
    WritesInRootFolder { evidence: WriteEvidence },
    WritesSystemFolder { path: String },
    WritesSystemFile { path: String },
    ScratchFolders,
    QuotedFolder,
}

impl fmt::Display for RootReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForDevelopers => out.write_str(FOR_DEVELOPERS),
            Self::UnknownBase => out.write_str("the base image is not known"),
            Self::UnknownBaseUser => out.write_str("the user of the base image is not known"),
            Self::UnknownCommand => out.write_str("the command that it starts is not known"),
            Self::UnknownWorkingFolder => out.write_str("its working folder is not known"),
            Self::UnknownUserCommand { image } => {
                write!(out, "the command to add a user in `{image}` is not known")
            }
            Self::ChangesUser => out.write_str("its entrypoint already changes the user"),
            Self::NeedsRoot => out.write_str("its program needs root, or changes to a user of its own"),
            Self::HasRights => out.write_str(
                "a compose file grants it the Docker socket, capabilities or devices, which only root may use",
            ),
            Self::OpensDevice { path } => {
                write!(out, "`{path}` opens a device, a raw socket or the Docker socket, which only root may do")
            }
            Self::Calls { starter, program } => write!(out, "{starter} calls `{program}`, which needs root"),
            Self::Installs { starter, command } => write!(out, "{starter} installs packages at start-up: `{command}`"),
            Self::InstallsMissing { starter, command } => {
                write!(out, "{starter} installs missing packages at start-up: `{command}`")
            }
            Self::Builds { starter, command: Some(command) } => {
                write!(out, "{starter} builds at start-up: `{command}`")
            }
            Self::Builds { starter, command: None } => write!(out, "{starter} builds at start-up"),
            Self::FilesInRootHome => out.write_str("it needs files below /root, which only root may read"),
            Self::FetchesToHome { command, variable } => {
                write!(
                    out,
                    "`{command}` leaves files in root's home; set `{variable}` to a folder that any user can read"
                )
            }
            Self::Puppeteer => {
                out.write_str("the install of puppeteer downloads a browser to root's home; set `PUPPETEER_CACHE_DIR`")
            }
            Self::Corepack => out.write_str("the command starts a package manager that corepack keeps in root's home"),
            Self::DevelopmentServer { command } => {
                write!(out, "`{command}` is a development server, which writes next to the installed packages")
            }
            Self::DataFolderMounted { path, mount } => write!(out, "a RUN creates `{path}` for data, and {mount}"),
            Self::WritesToMount { evidence, mount } => write!(out, "{evidence}, and {mount}"),
            Self::WritesInRootFolder { evidence } => write!(out, "{evidence}, and its working folder is `/`"),
            Self::WritesSystemFolder { path } => write!(out, "it writes to the system folder `{path}`"),
            Self::WritesSystemFile { path } => write!(out, "it writes to `{path}`, a file of the system"),
            Self::ScratchFolders => {
                out.write_str("an image from scratch has no program that can create folders for another user")
            }
            Self::QuotedFolder => out.write_str("the name of a folder that it writes to needs quoting in a shell"),
        }
    }
}

/// What starts a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Starter {
    Command,
    File { path: String },
    Service { name: String },
}

impl fmt::Display for Starter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => out.write_str("the command"),
            Self::File { path } => write!(out, "`{path}`"),
            Self::Service { name } => write!(out, "the command of service `{name}`"),
        }
    }
}

/// A folder that compose mounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MountedFolder {
    Host { source: String, target: String },
    Volume { target: String },
}

impl fmt::Display for MountedFolder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { source, target } => write!(
                out,
                "compose mounts the host folder `{source}` at `{target}`, which belongs to root or to a user of the host"
            ),
            Self::Volume { target } => {
                write!(out, "compose mounts a volume at `{target}`, which may already belong to root")
            }
        }
    }
}

/// What shows that the program writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WriteEvidence {
    Source { file: String },
    Container { path: String },
    ManagePy { command: String },
    Command { path: String },
    CeleryBeat,
    Package { name: String },
    NextCache,
    Start(StartWrite),
}

impl fmt::Display for WriteEvidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { file } => write!(out, "`{file}` writes files"),
            Self::Container { path } => write!(out, "a container of the original image wrote `{path}`"),
            Self::ManagePy { command } => {
                write!(out, "`manage.py {command}` writes to the working folder at start-up")
            }
            Self::Command { path } => write!(out, "the command writes `{path}`"),
            Self::CeleryBeat => out.write_str("celery beat stores its schedule in the working folder"),
            Self::Package { name } => write!(out, "{name} writes to its folders"),
            Self::NextCache => out.write_str("Next.js stores a cache in .next"),
            Self::Start(write) => write!(out, "{write}"),
        }
    }
}

/// Why it is not known where the program writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnknownWrites {
    RootFolder,
    UnknownValue { file: String, expression: String },
    NoSources,
    LargeSource { path: String },
}

impl fmt::Display for UnknownWrites {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootFolder => out.write_str("it writes to `/`, which belongs to root"),
            Self::UnknownValue { file, expression } => {
                write!(out, "`{file}` writes to `{expression}`, whose value is not in the sources")
            }
            Self::NoSources => {
                out.write_str("its sources were not found, so the folders that it writes to are not known")
            }
            Self::LargeSource { path } => {
                write!(out, "`{path}` is too large to read, so the folders that it writes to are not known")
            }
        }
    }
}
