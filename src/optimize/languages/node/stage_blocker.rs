//! Why a Node project is not built in a separate stage.

use std::fmt;

/// Why a Node project is not built in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::optimize) enum NodeStageBlocker {
    HasOnbuild { stage: String },
    UnsupportedInstruction,
    OtherProjectRuns { other: String },
    UnlistedPackages { command: String },
    InstallsTwice,
    InstallsAndBuilds,
    SystemPackagesAndDependencies,
    NoManifest,
    PartialWorkspace,
    UnknownUser,
    OtherProjectInstalled { other: String },
    StartsNothing,
    ImportsDevDependency { file: String, import: String },
    UnsupportedShell,
    InService { why: String, service: String, text: String },
    RecursiveScripts,
    PackageManagerRuns { command: String },
    StartsSeveral { program: String },
    UnknownShellScript,
    UnknownProgram { first: String },
    LoadsDevDependency { package: String },
    ProgramLoadsDevDependency { name: String, dependency: String },
    DevDependencyRuns { name: String, package: String },
    MayBeDevDependency { name: String, package: String },
    UnreadScript { path: String },
    DevDependenciesStay { why: String },
    NotWorkingFolder { folder: String },
    InRootFolder,
    PackagesElsewhere,
    NoWorkspacesFocus,
    PnpmWorkspace,
    MixedModules,
    NumberedStage,
}

impl fmt::Display for NodeStageBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasOnbuild { stage } => write!(out, "stage `{stage}` has ONBUILD instructions"),
            Self::UnsupportedInstruction => out.write_str("an instruction is not supported"),
            Self::OtherProjectRuns { other } => {
                write!(out, "the project in `{other}` is installed too and has a program that runs")
            }
            Self::UnlistedPackages { command } => {
                write!(out, "`{command}` installs packages that package.json does not list")
            }
            Self::InstallsTwice => out.write_str("a RUN installs twice"),
            Self::InstallsAndBuilds => out.write_str("a RUN installs programs and also builds with them"),
            Self::SystemPackagesAndDependencies => {
                out.write_str("a RUN installs both system packages and dependencies")
            }
            Self::NoManifest => out.write_str("the manifest of the install was not found"),
            Self::PartialWorkspace => out.write_str("the install covers only a part of a workspace"),
            Self::UnknownUser => out.write_str("the user of the install is not known"),
            Self::OtherProjectInstalled { other } => write!(
                out,
                "the project in `{other}` is installed too, and it is not known which of the two the program needs"
            ),
            Self::StartsNothing => out.write_str("no command starts the container"),
            Self::ImportsDevDependency { file, import } => write!(out, "`{file}` imports `{import}`, a dev dependency"),
            Self::UnsupportedShell => out.write_str("the shell of the command is not supported"),
            Self::InService { why, service, text } => write!(out, "{why} (service `{service}` starts `{text}`)"),
            Self::RecursiveScripts => out.write_str("its scripts call each other"),
            Self::PackageManagerRuns { command } => write!(out, "`{command}` runs at start-up"),
            Self::StartsSeveral { program } => write!(out, "`{program}` starts several programs"),
            Self::UnknownShellScript => out.write_str("the script that its shell runs is not known"),
            Self::UnknownProgram { first } => write!(out, "the program that `{first}` starts is not known"),
            Self::LoadsDevDependency { package } => write!(out, "`{package}`, a dev dependency, is loaded at start-up"),
            Self::ProgramLoadsDevDependency { name, dependency } => {
                write!(out, "`{name}` runs at start-up and loads the dev dependency `{dependency}`")
            }
            Self::DevDependencyRuns { name, package } => {
                write!(out, "`{name}` of the dev dependency `{package}` runs at start-up")
            }
            Self::MayBeDevDependency { name, package } => {
                write!(out, "`{name}` runs at start-up, and its package `{package}` may be a dev dependency")
            }
            Self::UnreadScript { path } => write!(out, "`{path}`, which runs at start-up, cannot be read"),
            Self::DevDependenciesStay { why } => write!(out, "{why}, so dev dependencies must stay"),
            Self::NotWorkingFolder { folder } => {
                write!(out, "`{folder}` is not the working folder, so the dev dependencies cannot be removed there")
            }
            Self::InRootFolder => {
                out.write_str("the project is in `/`, and the output folder of its build is not known")
            }
            Self::PackagesElsewhere => out.write_str("Yarn stores packages outside `node_modules`"),
            Self::NoWorkspacesFocus => out.write_str("this version of Yarn lacks `workspaces focus`"),
            Self::PnpmWorkspace => out.write_str("pnpm cannot remove the dev dependencies of a workspace"),
            Self::MixedModules => out.write_str(
                "dev dependencies cannot be separated from the files that the build writes to `node_modules`",
            ),
            Self::NumberedStage => out.write_str("a FROM or --from names a stage by its number, which would change"),
        }
    }
}
