//! Why a container keeps compiling at every start.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a container keeps compiling at every start.
    pub(super) StartBlocker {
        FixedWords: "the words of its command cannot be replaced";
        MountedSources { service: String, folder: String }:
            "service `{service}` mounts over `{folder}`, so sources can change";
        CommandsBefore: "other commands run before it";
        LaunchProfile: "the command depends on a launch profile";
        BuildVariable: "an environment variable changes what is compiled";
        NotGoRun: "the command is not `go run`";
        RunFlag { text: String }: "`{text}` changes how the program runs";
        NoPackage: "`go run` names no package";
        OtherModule: "`go run` starts a program of another module";
        NoCargoManifest: "its Cargo.toml was not found";
        NotCargoRun: "the command is not `cargo run`";
        TargetFlag { flag: String }: "`{flag}` changes the path of the executable";
        SeveralPrograms: "the package has several programs, and it is not known which one starts";
        WorkspaceTarget: "the workspace sets the path of the executable";
        NoPom: "its pom.xml was not found";
        NoExecutableArchive: "its pom.xml builds no executable archive";
        PomRunSettings: "its pom.xml sets how the program runs";
        UnknownArchiveName: "its pom.xml does not set the name of the archive";
        RunVariable: "an environment variable changes how the program runs";
        ArchiveOption { text: String }: "the archive does not support the option `{text}`";
        NoGradleBuild: "its Gradle build file was not found";
        UnknownProjectName: "its Gradle settings do not set the project name";
        ProgramOption { text: String }: "the program does not support the option `{text}`";
    }
}
