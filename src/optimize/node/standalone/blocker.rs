//! Why a Next.js image keeps its sources and packages.

use crate::optimize::reason::reasons;

use crate::optimize::languages::node::container_uses::ContainerUse;

reasons! {
    /// Why a Next.js image keeps its sources and packages.
    pub(super) StandaloneBlocker {
        ContainerUse { what: ContainerUse }: "{what}";
        UnsupportedVersion: "the version of Next.js is unknown or not supported";
        Workspace: "it is part of a workspace, or its packages are outside `node_modules`";
        UntracedPackage { package: String }: "`{package}` may load files that Next.js does not trace";
        UsesFiles { file: String }: "`{file}` uses files, and it is not known which of them at run time";
        UnknownContext: "the build context is not known";
        UnreadFile { path: String }: "`{path}` cannot be read";
        RuntimeConfiguration { path: String }: "`{path}` has settings that are read at start-up";
        ReadsVariable { path: String, name: String }: "`{path}` reads `{name}`, which may be set only at start-up";
        SetsOutput { path: String }: "`{path}` sets the output folder or the traced files";
        OtherOutput { path: String }: "`output` in `{path}` is neither unset nor `standalone`";
        UnsupportedOption { word: String }: "the traced server does not support `{word}`";
        OtherPort: "compose sets `PORT`, but `next start` uses another port";
        UnknownPort { text: String }: "the port `{text}` is not known";
        UnknownHost { host: String }: "the host `{host}` is not known";
        NoBuild: "no RUN builds it";
        UnsupportedBuild: "the RUN that builds it is not supported";
        RunCreatesFiles: "a RUN creates files that the server may need";
        StepAfterBuild: "a step after its build adds files that the server may need";
        Volume: "the image has a VOLUME";
        OtherShell: "the stage sets another SHELL";
        Entrypoint: "an ENTRYPOINT starts it";
        InRootFolder: "the project is in `/`, or the stage is based on another stage";
    }
}
