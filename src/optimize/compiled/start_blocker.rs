//! Why a container keeps compiling at every start.

use thiserror::Error;

/// Why a container keeps compiling at every start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum StartBlocker {
    #[error("the words of its command cannot be replaced")]
    FixedWords,
    #[error("service `{service}` mounts over `{folder}`, so sources can change")]
    MountedSources { service: String, folder: String },
    #[error("other commands run before it")]
    CommandsBefore,
    #[error("the command depends on a launch profile")]
    LaunchProfile,
    #[error("an environment variable changes what is compiled")]
    BuildVariable,
    #[error("the command is not `go run`")]
    NotGoRun,
    #[error("`{text}` changes how the program runs")]
    RunFlag { text: String },
    #[error("`go run` names no package")]
    NoPackage,
    #[error("`go run` starts a program of another module")]
    OtherModule,
    #[error("its Cargo.toml was not found")]
    NoCargoManifest,
    #[error("the command is not `cargo run`")]
    NotCargoRun,
    #[error("`{flag}` changes the path of the executable")]
    TargetFlag { flag: String },
    #[error("the package has several programs, and it is not known which one starts")]
    SeveralPrograms,
    #[error("the workspace sets the path of the executable")]
    WorkspaceTarget,
    #[error("its pom.xml was not found")]
    NoPom,
    #[error("its pom.xml builds no executable archive")]
    NoExecutableArchive,
    #[error("its pom.xml sets how the program runs")]
    PomRunSettings,
    #[error("its pom.xml does not set the name of the archive")]
    UnknownArchiveName,
    #[error("an environment variable changes how the program runs")]
    RunVariable,
    #[error("the archive does not support the option `{text}`")]
    ArchiveOption { text: String },
    #[error("its Gradle build file was not found")]
    NoGradleBuild,
    #[error("its Gradle settings do not set the project name")]
    UnknownProjectName,
    #[error("the program does not support the option `{text}`")]
    ProgramOption { text: String },
}
