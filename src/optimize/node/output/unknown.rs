//! Why the output folders of a build are not known.

use std::fmt;

/// Why the output folders of a build are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::optimize::node) enum UnknownOutput {
    OutsideProject { path: String },
    AlsoWritten { target: String },
    RecursiveScripts,
    RunsElsewhere { command: String },
    ScriptPattern { program: String },
    ChangesFolder,
    NoScript { name: String },
    OfProgram { program: String },
    OfPrisma,
    CopyDestination,
    Setting { key: String, file: String },
    OtherViteConfiguration,
    ViteRoot,
    SvelteAdapter,
    UnreadNextConfiguration,
    NextDistDir,
    NextOutput,
    UnreadAngularConfiguration,
    AngularOutputPath,
    SeveralNestProjects,
    TypeScriptOutDir { config: String },
    TypeScriptCycle,
    UnreadFile { path: String },
    NoTypeScriptOutDir { path: String },
    TypeScriptOutDirOf { path: String },
    OfWebpack { name: String },
    PrismaClient,
}

impl fmt::Display for UnknownOutput {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideProject { path } => write!(out, "`{path}` is outside the project"),
            Self::AlsoWritten { target } => write!(out, "`{target}` is also written"),
            Self::RecursiveScripts => out.write_str("its scripts call each other"),
            Self::RunsElsewhere { command } => write!(out, "`{command}` runs in another folder"),
            Self::ScriptPattern { program } => write!(out, "`{program}` selects scripts by a pattern"),
            Self::ChangesFolder => out.write_str("it runs in another folder"),
            Self::NoScript { name } => write!(out, "there is no script `{name}`"),
            Self::OfProgram { program } => write!(out, "the output folder of `{program}` is not known"),
            Self::OfPrisma => out.write_str("the output folder of `prisma` is not known"),
            Self::CopyDestination => out.write_str("the destination of a copy is not known"),
            Self::Setting { key, file } => write!(out, "`{key}` in `{file}` is not known"),
            Self::OtherViteConfiguration => out.write_str("`vite` uses another configuration file"),
            Self::ViteRoot => out.write_str("`root` in `vite.config` is another folder"),
            Self::SvelteAdapter => out.write_str("the output folder of the SvelteKit adapter is not known"),
            Self::UnreadNextConfiguration => out.write_str("`next.config` cannot be read"),
            Self::NextDistDir => out.write_str("`distDir` in `next.config` is another folder"),
            Self::NextOutput => out.write_str("`output` in `next.config` is not known"),
            Self::UnreadAngularConfiguration => out.write_str("`angular.json` cannot be read"),
            Self::AngularOutputPath => out.write_str("`outputPath` in `angular.json` is not a plain text"),
            Self::SeveralNestProjects => out.write_str("`nest` builds several projects"),
            Self::TypeScriptOutDir { config } => write!(out, "`outDir` in `{config}` is not known"),
            Self::TypeScriptCycle => out.write_str("TypeScript configuration files extend each other in a cycle"),
            Self::UnreadFile { path } => write!(out, "`{path}` cannot be read"),
            Self::NoTypeScriptOutDir { path } => write!(out, "`{path}` sets no `outDir`"),
            Self::TypeScriptOutDirOf { path } => write!(out, "`outDir` in `{path}` is not known"),
            Self::OfWebpack { name } => write!(out, "the output folder of `{name}` is not known"),
            Self::PrismaClient => out.write_str("the folder of the Prisma client is not known"),
        }
    }
}
