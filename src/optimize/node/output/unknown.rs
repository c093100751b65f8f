//! Why the output folders of a build are not known.

use thiserror::Error;

/// Why the output folders of a build are not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::optimize::node) enum UnknownOutput {
    #[error("`{path}` is outside the project")]
    OutsideProject { path: String },
    #[error("`{target}` is also written")]
    AlsoWritten { target: String },
    #[error("its scripts call each other")]
    RecursiveScripts,
    #[error("`{command}` runs in another folder")]
    RunsElsewhere { command: String },
    #[error("`{program}` selects scripts by a pattern")]
    ScriptPattern { program: String },
    #[error("it runs in another folder")]
    ChangesFolder,
    #[error("there is no script `{name}`")]
    NoScript { name: String },
    #[error("the output folder of `{program}` is not known")]
    OfProgram { program: String },
    #[error("the output folder of `prisma` is not known")]
    OfPrisma,
    #[error("the destination of a copy is not known")]
    CopyDestination,
    #[error("`{key}` in `{file}` is not known")]
    Setting { key: String, file: String },
    #[error("`vite` uses another configuration file")]
    OtherViteConfiguration,
    #[error("`root` in `vite.config` is another folder")]
    ViteRoot,
    #[error("the output folder of the SvelteKit adapter is not known")]
    SvelteAdapter,
    #[error("`next.config` cannot be read")]
    UnreadNextConfiguration,
    #[error("`distDir` in `next.config` is another folder")]
    NextDistDir,
    #[error("`output` in `next.config` is not known")]
    NextOutput,
    #[error("`angular.json` cannot be read")]
    UnreadAngularConfiguration,
    #[error("`outputPath` in `angular.json` is not a plain text")]
    AngularOutputPath,
    #[error("`nest` builds several projects")]
    SeveralNestProjects,
    #[error("`outDir` in `{config}` is not known")]
    TypeScriptOutDir { config: String },
    #[error("TypeScript configuration files extend each other in a cycle")]
    TypeScriptCycle,
    #[error("`{path}` cannot be read")]
    UnreadFile { path: String },
    #[error("`{path}` sets no `outDir`")]
    NoTypeScriptOutDir { path: String },
    #[error("`outDir` in `{path}` is not known")]
    TypeScriptOutDirOf { path: String },
    #[error("the output folder of `{name}` is not known")]
    OfWebpack { name: String },
    #[error("the folder of the Prisma client is not known")]
    PrismaClient,
}
