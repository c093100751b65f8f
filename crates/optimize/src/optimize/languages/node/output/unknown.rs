//! Why the output folders of a build are not known.

use crate::optimize::reason::reasons;

reasons! {
    /// Why the output folders of a build are not known.
    pub(in crate::optimize::languages::node) UnknownOutput {
        OutsideProject { path: String }: "`{path}` is outside the project";
        AlsoWritten { target: String }: "`{target}` is also written";
        RecursiveScripts: "its scripts call each other";
        RunsElsewhere { command: String }: "`{command}` runs in another folder";
        ScriptPattern { program: String }: "`{program}` selects scripts by a pattern";
        ChangesFolder: "it runs in another folder";
        NoScript { name: String }: "there is no script `{name}`";
        OfProgram { program: String }: "the output folder of `{program}` is not known";
        OfPrisma: "the output folder of `prisma` is not known";
        CopyDestination: "the destination of a copy is not known";
        Setting { key: String, file: String }: "`{key}` in `{file}` is not known";
        OtherViteConfiguration: "`vite` uses another configuration file";
        ViteRoot: "`root` in `vite.config` is another folder";
        SvelteAdapter: "the output folder of the SvelteKit adapter is not known";
        UnreadNextConfiguration: "`next.config` cannot be read";
        NextDistDir: "`distDir` in `next.config` is another folder";
        NextOutput: "`output` in `next.config` is not known";
        UnreadAngularConfiguration: "`angular.json` cannot be read";
        AngularOutputPath: "`outputPath` in `angular.json` is not a plain text";
        SeveralNestProjects: "`nest` builds several projects";
        TypeScriptOutDir { config: String }: "`outDir` in `{config}` is not known";
        TypeScriptCycle: "TypeScript configuration files extend each other in a cycle";
        UnreadFile { path: String }: "`{path}` cannot be read";
        NoTypeScriptOutDir { path: String }: "`{path}` sets no `outDir`";
        TypeScriptOutDirOf { path: String }: "`outDir` in `{path}` is not known";
        OfWebpack { name: String }: "the output folder of `{name}` is not known";
        PrismaClient: "the folder of the Prisma client is not known";
    }
}
