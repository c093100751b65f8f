//! Why a container keeps running as root, and what shows where its program writes.

use crate::optimize::languages::node::written_folders::StartWrite;
use crate::optimize::reason::reasons;

/// Why an image that serves nothing stays as it is.
pub(super) const FOR_DEVELOPERS: &str = "by its names or its command, the image is for development or tests";

reasons! {
    /// Why a container keeps running as root.
    pub(super) RootReason {
        ForDevelopers: "{}", FOR_DEVELOPERS;
        UnknownBase: "the base image is not known";
        UnknownBaseUser: "the user of the base image is not known";
        UnknownCommand: "the command that it starts is not known";
        UnknownWorkingFolder: "its working folder is not known";
        UnknownUserCommand { image: String }: "the command to add a user in `{image}` is not known";
        ChangesUser: "its entrypoint already changes the user";
        NeedsRoot: "its program needs root, or changes to a user of its own";
        HasRights: "a compose file grants it the Docker socket, capabilities or devices, which only root may use";
        OpensDevice { path: String }:
            "`{path}` opens a device, a raw socket or the Docker socket, which only root may do";
        Calls { starter: Starter, program: String }: "{starter} calls `{program}`, which needs root";
        Installs { starter: Starter, command: String }: "{starter} installs packages at start-up: `{command}`";
        InstallsMissing { starter: Starter, command: String }:
            "{starter} installs missing packages at start-up: `{command}`";
        Builds { starter: Starter, command: String }: "{starter} builds at start-up: `{command}`";
        BuildsByScript { starter: Starter }: "{starter} builds at start-up";
        FilesInRootHome: "it needs files below /root, which only root may read";
        SourceInRootHome { file: String }: "`{file}` names a path below /root, which only root may read";
        FetchesToHome { command: String, variable: String }:
            "`{command}` leaves files in root's home; set `{variable}` to a folder that any user can read";
        Puppeteer: "the install of puppeteer downloads a browser to root's home; set `PUPPETEER_CACHE_DIR`";
        Corepack: "the command starts a package manager that corepack keeps in root's home";
        DevelopmentServer { command: String }:
            "`{command}` is a development server, which writes next to the installed packages";
        LowPortInCluster { file: String, port: u16 }:
            "`{file}` starts it in Kubernetes, where only root may listen on port {port} with older runtimes";
        DataFolderMounted { path: String, mount: MountedFolder }: "a RUN creates `{path}` for data, and {mount}";
        WritesToMount { evidence: WriteEvidence, mount: MountedFolder }: "{evidence}, and {mount}";
        WritesInRootFolder { evidence: WriteEvidence }: "{evidence}, and its working folder is `/`";
        WritesSystemFolder { path: String }: "it writes to the system folder `{path}`";
        WritesSystemFile { path: String }: "it writes to `{path}`, a file of the system";
        ScratchFolders: "an image from scratch has no program that can create folders for another user";
        QuotedFolder: "the name of a folder that it writes to needs quoting in a shell";
    }
}

reasons! {
    /// What starts a program.
    pub(super) Starter {
        Command: "the command";
        File { path: String }: "`{path}`";
        Service { name: String }: "the command of service `{name}`";
    }
}

reasons! {
    /// A folder that compose mounts.
    pub(super) MountedFolder {
        Host { folder: String, target: String }:
            "compose mounts the host folder `{folder}` at `{target}`, which belongs to root or to a user of the host";
        Volume { target: String }: "compose mounts a volume at `{target}`, which may already belong to root";
    }
}

reasons! {
    /// What shows that the program writes.
    pub(super) WriteEvidence {
        Source { file: String }: "`{file}` writes files";
        OtherSource { file: String }: "`{file}`, which may be started by hand, writes files";
        Container { path: String }: "a container of the original image wrote `{path}`";
        ManagePy { command: String }: "`manage.py {command}` writes to the working folder at start-up";
        Command { path: String }: "the command writes `{path}`";
        CeleryBeat: "celery beat stores its schedule in the working folder";
        Package { name: String }: "{name} writes to its folders";
        NextCache { folder: String }: "Next.js stores a cache in {folder}";
        Start(StartWrite): "{0}";
    }
}

reasons! {
    /// Why it is not known where the program writes.
    pub(super) UnknownWrites {
        RootFolder: "it writes to `/`, which belongs to root";
        UnknownValue { file: String, expression: String }:
            "`{file}` writes to `{expression}`, whose value is not in the sources";
        StartsPrograms { file: String, call: String }:
            "`{file}` starts other programs (`{call}`), and nothing says where those write";
        NoSources: "its sources were not found, so the folders that it writes to are not known";
        LargeSource { path: String }: "`{path}` is too large to read, so the folders that it writes to are not known";
    }
}
