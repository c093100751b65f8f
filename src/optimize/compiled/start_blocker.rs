//! Why a container keeps compiling at every start.

use std::fmt;

/// Why a container keeps compiling at every start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StartBlocker {
    FixedWords,
    MountedSources { service: String, folder: String },
    CommandsBefore,
    LaunchProfile,
    BuildVariable,
    NotGoRun,
    RunFlag { text: String },
    NoPackage,
    OtherModule,
    NoCargoManifest,
    NotCargoRun,
    TargetFlag { flag: String },
    SeveralPrograms,
    WorkspaceTarget,
    NoPom,
    NoExecutableArchive,
    PomRunSettings,
    UnknownArchiveName,
    RunVariable,
    ArchiveOption { text: String },
    NoGradleBuild,
    UnknownProjectName,
    ProgramOption { text: String },
}

impl fmt::Display for StartBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FixedWords => out.write_str("the words of its command cannot be replaced"),
            Self::MountedSources { service, folder } => {
                write!(out, "service `{service}` mounts over `{folder}`, so sources can change")
            }
            Self::CommandsBefore => out.write_str("other commands run before it"),
            Self::LaunchProfile => out.write_str("the command depends on a launch profile"),
            Self::BuildVariable => out.write_str("an environment variable changes what is compiled"),
            Self::NotGoRun => out.write_str("the command is not `go run`"),
            Self::RunFlag { text } => write!(out, "`{text}` changes how the program runs"),
            Self::NoPackage => out.write_str("`go run` names no package"),
            Self::OtherModule => out.write_str("`go run` starts a program of another module"),
            Self::NoCargoManifest => out.write_str("its Cargo.toml was not found"),
            Self::NotCargoRun => out.write_str("the command is not `cargo run`"),
            Self::TargetFlag { flag } => write!(out, "`{flag}` changes the path of the executable"),
            Self::SeveralPrograms => {
                out.write_str("the package has several programs, and it is not known which one starts")
            }
            Self::WorkspaceTarget => out.write_str("the workspace sets the path of the executable"),
            Self::NoPom => out.write_str("its pom.xml was not found"),
            Self::NoExecutableArchive => out.write_str("its pom.xml builds no executable archive"),
            Self::PomRunSettings => out.write_str("its pom.xml sets how the program runs"),
            Self::UnknownArchiveName => out.write_str("its pom.xml does not set the name of the archive"),
            Self::RunVariable => out.write_str("an environment variable changes how the program runs"),
            Self::ArchiveOption { text } => write!(out, "the archive does not support the option `{text}`"),
            Self::NoGradleBuild => out.write_str("its Gradle build file was not found"),
            Self::UnknownProjectName => out.write_str("its Gradle settings do not set the project name"),
            Self::ProgramOption { text } => write!(out, "the program does not support the option `{text}`"),
        }
    }
}
