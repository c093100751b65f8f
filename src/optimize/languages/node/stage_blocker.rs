//! Why a Node project is not built in a separate stage.

use thiserror::Error;

/// Why a Node project is not built in a separate stage.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::optimize) enum NodeBlocker {
    #[error("stage `{stage}` has ONBUILD instructions")]
    HasOnbuild { stage: String },
    #[error("an instruction is not supported")]
    UnsupportedInstruction,
    #[error("the project in `{other}` is installed too and has a program that runs")]
    OtherProjectRuns { other: String },
    #[error("`{command}` installs packages that package.json does not list")]
    UnlistedPackages { command: String },
    #[error("a RUN installs twice")]
    InstallsTwice,
    #[error("a RUN installs programs and also builds with them")]
    InstallsAndBuilds,
    #[error("a RUN installs both system packages and dependencies")]
    SystemPackagesAndDependencies,
    #[error("the manifest of the install was not found")]
    NoManifest,
    #[error("the install covers only a part of a workspace")]
    PartialWorkspace,
    #[error("the user of the install is not known")]
    UnknownUser,
    #[error("the project in `{other}` is installed too, and it is not known which of the two the program needs")]
    OtherProjectInstalled { other: String },
    #[error("no command starts the container")]
    StartsNothing,
    #[error("`{file}` imports `{import}`, a dev dependency")]
    ImportsDevDependency { file: String, import: String },
    #[error("the shell of the command is not supported")]
    UnsupportedShell,
    #[error("{why} (service `{service}` starts `{text}`)")]
    InService { why: String, service: String, text: String },
    #[error("its scripts call each other")]
    RecursiveScripts,
    #[error("`{command}` runs at start-up")]
    PackageManagerRuns { command: String },
    #[error("`{program}` starts several programs")]
    StartsSeveral { program: String },
    #[error("the script that its shell runs is not known")]
    UnknownShellScript,
    #[error("the program that `{first}` starts is not known")]
    UnknownProgram { first: String },
    #[error("`{package}`, a dev dependency, is loaded at start-up")]
    LoadsDevDependency { package: String },
    #[error("`{name}` runs at start-up and loads the dev dependency `{dependency}`")]
    ProgramLoadsDevDependency { name: String, dependency: String },
    #[error("`{name}` of the dev dependency `{package}` runs at start-up")]
    DevDependencyRuns { name: String, package: String },
    #[error("`{name}` runs at start-up, and its package `{package}` may be a dev dependency")]
    MayBeDevDependency { name: String, package: String },
    #[error("`{path}`, which runs at start-up, cannot be read")]
    UnreadScript { path: String },
    #[error("{why}, so dev dependencies must stay")]
    DevDependenciesStay { why: String },
    #[error("`{folder}` is not the working folder, so the dev dependencies cannot be removed there")]
    NotWorkingFolder { folder: String },
    #[error("the project is in `/`, and the output folder of its build is not known")]
    InRootFolder,
    #[error("Yarn stores packages outside `node_modules`")]
    PackagesElsewhere,
    #[error("this version of Yarn lacks `workspaces focus`")]
    NoWorkspacesFocus,
    #[error("pnpm cannot remove the dev dependencies of a workspace")]
    PnpmWorkspace,
    #[error("dev dependencies cannot be separated from the files that the build writes to `node_modules`")]
    MixedModules,
    #[error("a FROM or --from names a stage by its number, which would change")]
    NumberedStage,
}
