//! Why a site next to another program is not built in a separate stage.

use crate::optimize::languages::node::output::UnknownOutput;
use crate::optimize::reason::reasons;

reasons! {
    /// Why a site next to another program is not built in a separate stage.
    pub(super) ClientBlocker {
        Output { why: UnknownOutput }: "{why}";
        TwoSitesInRun: "one RUN builds two sites";
        OtherFolderName: "the folder has another name in the image";
        WritesMoreThanSite: "its build writes more than a site";
        WritesSharedFolder: "its build writes to a folder that also holds other files";
        RunDoesMore: "a RUN builds it and also does something else";
        CommandDoesMore: "a command builds it and also does something else";
        UnlistedPackages: "a step installs packages that its package.json does not list";
        RemovesFiles: "a RUN removes files of the site";
        ScriptDoesMore { script: String }: "script `{script}` builds it and also does something else";
        ContainerRunsThere: "the container runs in its folder";
        ContainerMayRunThere: "the program of the container may run in its folder";
        UnsupportedShell: "the shell that starts the container is not supported";
        ServiceRunsThere { service: String }: "service `{service}` runs in its folder";
        MayReadSources { path: String }: "`{path}` may read its sources or packages";
        MayImportSources { path: String }: "`{path}` may import its sources";
        ImportsForeignPackage { path: String, package: String }:
            "`{path}` imports `{package}`, which another project installs";
        ForeignBuilder { program: String }: "`{program}`, which another project installs, builds it";
        OutputVariable: "an environment variable sets the output folder of its build";
        PackageManagerAbove: "a manifest above its folder sets its package manager";
        NamesFilesOutside { path: String }: "`{path}` names files outside its folder";
        ChangesOutput { word: String, path: String }: "`{word}` in `{path}` changes the output of its build";
        NamesForeignPackage { path: String, package: String }:
            "`{path}` names `{package}`, which another project installs";
        OtherUserOrShell: "its build uses another user or shell";
        UnsupportedCopy: "a COPY is not supported";
        CopyMayServe: "a COPY before its build may copy what serves it";
        UnsupportedRun: "a RUN is not supported";
        InseparableCommands: "its commands cannot be separated from the others of the RUN";
        RunWritesFile: "its RUN writes another file";
        RunMayWriteSources: "a RUN before its build may write its sources";
        RunInstallsBoth: "a RUN before its build installs packages for both projects";
        RunMayPrepare: "a RUN before its build may prepare it";
        RunReadsFolder: "a RUN after its build reads its folder";
        UnknownWorkingFolder: "the working folder of a RUN is not known";
    }
}
