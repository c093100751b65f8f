//! Why a container keeps running as root, and what shows where its program writes.

use thiserror::Error;

use crate::optimize::languages::node::writes::StartWrite;

/// Why an image that serves nothing stays as it is.
pub(super) const FOR_DEVELOPERS: &str = "by its names or its command, the image is for development or tests";

/// Why a container keeps running as root.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum RootReason {
    #[error("{}", FOR_DEVELOPERS)]
    ForDevelopers,
    #[error("the base image is not known")]
    UnknownBase,
    #[error("the user of the base image is not known")]
    UnknownBaseUser,
    #[error("the command that it starts is not known")]
    UnknownCommand,
    #[error("its working folder is not known")]
    UnknownWorkingFolder,
    #[error("the command to add a user in `{image}` is not known")]
    UnknownUserCommand { image: String },
    #[error("its entrypoint already changes the user")]
    ChangesUser,
    #[error("its program needs root, or changes to a user of its own")]
    NeedsRoot,
    #[error("a compose file grants it the Docker socket, capabilities or devices, which only root may use")]
    HasRights,
    #[error("`{path}` opens a device, a raw socket or the Docker socket, which only root may do")]
    OpensDevice { path: String },
    #[error("{starter} calls `{program}`, which needs root")]
    Calls { starter: Starter, program: String },
    #[error("{starter} installs packages at start-up: `{command}`")]
    Installs { starter: Starter, command: String },
    #[error("{starter} installs missing packages at start-up: `{command}`")]
    InstallsMissing { starter: Starter, command: String },
    #[error("{starter} builds at start-up: `{command}`")]
    Builds { starter: Starter, command: String },
    #[error("{starter} builds at start-up")]
    BuildsByScript { starter: Starter },
    #[error("it needs files below /root, which only root may read")]
    FilesInRootHome,
    #[error("`{command}` leaves files in root's home; set `{variable}` to a folder that any user can read")]
    FetchesToHome { command: String, variable: String },
    #[error("the install of puppeteer downloads a browser to root's home; set `PUPPETEER_CACHE_DIR`")]
    Puppeteer,
    #[error("the command starts a package manager that corepack keeps in root's home")]
    Corepack,
    #[error("`{command}` is a development server, which writes next to the installed packages")]
    DevelopmentServer { command: String },
    #[error("a RUN creates `{path}` for data, and {mount}")]
    DataFolderMounted { path: String, mount: MountedFolder },
    #[error("{evidence}, and {mount}")]
    WritesToMount { evidence: WriteEvidence, mount: MountedFolder },
    #[error("{evidence}, and its working folder is `/`")]
    WritesInRootFolder { evidence: WriteEvidence },
    #[error("it writes to the system folder `{path}`")]
    WritesSystemFolder { path: String },
    #[error("it writes to `{path}`, a file of the system")]
    WritesSystemFile { path: String },
    #[error("an image from scratch has no program that can create folders for another user")]
    ScratchFolders,
    #[error("the name of a folder that it writes to needs quoting in a shell")]
    QuotedFolder,
}

/// What starts a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Starter {
    #[error("the command")]
    Command,
    #[error("`{path}`")]
    File { path: String },
    #[error("the command of service `{name}`")]
    Service { name: String },
}

/// A folder that compose mounts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum MountedFolder {
    #[error("compose mounts the host folder `{folder}` at `{target}`, which belongs to root or to a user of the host")]
    Host { folder: String, target: String },
    #[error("compose mounts a volume at `{target}`, which may already belong to root")]
    Volume { target: String },
}

/// What shows that the program writes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum WriteEvidence {
    #[error("`{file}` writes files")]
    Source { file: String },
    #[error("a container of the original image wrote `{path}`")]
    Container { path: String },
    #[error("`manage.py {command}` writes to the working folder at start-up")]
    ManagePy { command: String },
    #[error("the command writes `{path}`")]
    Command { path: String },
    #[error("celery beat stores its schedule in the working folder")]
    CeleryBeat,
    #[error("{name} writes to its folders")]
    Package { name: String },
    #[error("Next.js stores a cache in .next")]
    NextCache,
    #[error("{0}")]
    Start(StartWrite),
}

/// Why it is not known where the program writes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum UnknownWrites {
    #[error("it writes to `/`, which belongs to root")]
    RootFolder,
    #[error("`{file}` writes to `{expression}`, whose value is not in the sources")]
    UnknownValue { file: String, expression: String },
    #[error("its sources were not found, so the folders that it writes to are not known")]
    NoSources,
    #[error("`{path}` is too large to read, so the folders that it writes to are not known")]
    LargeSource { path: String },
}
