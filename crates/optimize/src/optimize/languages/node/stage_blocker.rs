//! Why a Node project is not built in a separate stage.

use crate::optimize::reason::reasons;

reasons! {
    /// Why a Node project is not built in a separate stage.
    pub(in crate::optimize) NodeBlocker {
        HasOnbuild { stage: String }: "stage `{stage}` has ONBUILD instructions";
        UnsupportedInstruction: "an instruction is not supported";
        OtherProjectRuns { other: String }: "the project in `{other}` is installed too and has a program that runs";
        UnlistedPackages { command: String }: "`{command}` installs packages that package.json does not list";
        DownloadsToHome { what: String }: "{what} leaves files in root's home, which the final stage would lack";
        InstallsTwice: "a RUN installs twice";
        InstallsAndBuilds: "a RUN installs programs and also builds with them";
        SystemPackagesAndDependencies: "a RUN installs both system packages and dependencies";
        NoManifest: "the manifest of the install was not found";
        PartialWorkspace: "the install covers only a part of a workspace";
        UnknownUser: "the user of the install is not known";
        OtherProjectInstalled { other: String }:
            "the project in `{other}` is installed too, and it is not known which of the two the program needs";
        StartsNothing: "no command starts the container";
        ImportsDevDependency { file: String, import: String }: "`{file}` imports `{import}`, a dev dependency";
        UnsupportedShell: "the shell of the command is not supported";
        InService { why: String, service: String, text: String }: "{why} (service `{service}` starts `{text}`)";
        RecursiveScripts: "its scripts call each other";
        PackageManagerRuns { command: String }: "`{command}` runs at start-up";
        StartsSeveral { program: String }: "`{program}` starts several programs";
        UnknownShellScript: "the script that its shell runs is not known";
        UnknownProgram { first: String }: "the program that `{first}` starts is not known";
        LoadsDevDependency { package: String }: "`{package}`, a dev dependency, is loaded at start-up";
        ProgramLoadsDevDependency { name: String, dependency: String }:
            "`{name}` runs at start-up and loads the dev dependency `{dependency}`";
        DevDependencyRuns { name: String, package: String }:
            "`{name}` of the dev dependency `{package}` runs at start-up";
        MayBeDevDependency { name: String, package: String }:
            "`{name}` runs at start-up, and its package `{package}` may be a dev dependency";
        UnreadScript { path: String }: "`{path}`, which runs at start-up, cannot be read";
        DevDependenciesStay { why: String }: "{why}, so dev dependencies must stay";
        NotWorkingFolder { folder: String }:
            "`{folder}` is not the working folder, so the dev dependencies cannot be removed there";
        InRootFolder: "the project is in `/`, and the output folder of its build is not known";
        PackagesElsewhere: "Yarn stores packages outside `node_modules`";
        NoWorkspacesFocus: "this version of Yarn lacks `workspaces focus`";
        PnpmWorkspace: "pnpm cannot remove the dev dependencies of a workspace";
        MixedModules: "dev dependencies cannot be separated from the files that the build writes to `node_modules`";
        NumberedStage: "a FROM or --from names a stage by its number, which would change";
    }
}
