//! Where each program of a build writes, by its options and its configuration file.

use super::UnknownOutput;
use serde_json::Value;

use super::tsconfig::{Emit, TsConfig};
use super::{OutputReader, words};
use crate::data;
use crate::manifest::{Ecosystem, FileKind, Framework, parse_jsonc};
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::sources::comments::blank_comments;
use crate::sources::object_literals::{Literal, inner, literal};
use crate::text::path;

/// The value behind one of these options.
fn option<'w>(args: &'w [String], names: &[&str]) -> Option<&'w str> {
    args.iter().enumerate().find_map(|(at, word)| {
        let behind = |name: &&str| word.strip_prefix(*name).and_then(|rest| rest.strip_prefix('='));
        if names.contains(&word.as_str()) {
            args.get(at + 1).map(String::as_str)
        } else {
            names.iter().find_map(behind)
        }
    })
}

impl<'a> OutputReader<'_, 'a> {
    pub(super) fn tool(&mut self, program: &str, args: &[String]) {
        self.tool_output(program, args);
        if Program::of(program).is(Kind::Deletes) {
            let removed = args.iter().filter(|word| !word.starts_with('-')).filter_map(|word| inner(word));
            self.out.emptied.extend(removed);
        } else if self.cleans(program, args) {
            let paths: Vec<String> = self.out.paths.iter().cloned().collect();
            self.out.emptied.extend(paths);
        }
    }

    /// Whether a program that keeps other files in its folder is told to remove them.
    fn cleans(&self, program: &str, args: &[String]) -> bool {
        let is_told = args.iter().any(|word| matches!(word.as_str(), "--clean" | "--output-clean"));
        let says = |(_, text): (String, Option<&str>)| text.is_some_and(|text| text.contains("clean: true"));
        is_told
            || match program {
                "webpack" | "webpack-cli" => self.configuration("webpack.config").is_some_and(says),
                "tsup" => self.configuration("tsup.config").is_some_and(says),
                "nest" => self.text("nest-cli.json").is_some_and(|text| text.contains("\"deleteOutDir\": true")),
                _ => false,
            }
    }

    fn tool_output(&mut self, program: &str, args: &[String]) {
        let has = |word: &str| args.iter().any(|arg| arg == word);
        let known = Program::of(program);
        match program {
            "rm" | "mkdir" => {}
            _ if known.writes_nothing() || known.is(Kind::NoOutput) => {}
            "shx" => self.copied(args),
            _ if known.is(Kind::Copies) => self.copied(args),
            "tsc" | "vue-tsc" => self.tsc(args),
            "vite" if has("build") || args.is_empty() => self.vite(args),
            "react-scripts" | "react-app-rewired" | "craco" if has("build") => self.bundles("react-scripts", "build"),
            "nest" if has("build") => self.nest(args),
            "next" if has("build") => self.next(),
            "next" if has("lint") => {}
            "nuxt" | "nuxi" | "nitro" | "nitropack" => match args.first().map(String::as_str) {
                Some("build") => self.bundles("nuxt", ".output"),
                Some("prepare" | "typecheck") => {}
                _ => self.out.opens(UnknownOutput::OfProgram { program: program.to_string() }),
            },
            "svelte-kit" if has("sync") => {}
            "astro" if has("check") || has("sync") => {}
            "astro" if has("build") => self.configured("astro", "astro.config", "outDir", "dist"),
            "remix" if has("vite:build") => self.bundles("remix", "build"),
            "remix" if has("build") => {
                self.bundles("remix", "build");
                self.out.add_path("public/build");
            }
            "react-router" if has("typegen") => {}
            "react-router" if has("build") => {
                self.configured("react-router", "react-router.config", "buildDirectory", "build");
            }
            "ng" if has("build") => self.angular(args),
            "vue-cli-service" if has("build") => self.configured("vue-cli-service", "vue.config", "outputDir", "dist"),
            "gatsby" if has("build") => {
                self.bundles("gatsby", "public");
                self.out.add_path(".cache");
            }
            "parcel" if has("build") => match option(args, &["--dist-dir", "-d"]) {
                Some(folder) => self.bundles("parcel", folder),
                None => self.bundles("parcel", "dist"),
            },
            "tsup" => match option(args, &["--out-dir", "-d"]) {
                Some(folder) => self.out.add_path(folder),
                None => self.configured("tsup", "tsup.config", "outDir", "dist"),
            },
            "webpack" | "webpack-cli" => self.webpack(args),
            "ncc" if has("build") => self.out.add_path(option(args, &["-o", "--out"]).unwrap_or("dist")),
            "prisma" => match args.first().map(String::as_str) {
                Some("generate") => self.prisma(args),
                Some("validate" | "format" | "version") => {}
                _ => self.out.opens(UnknownOutput::OfPrisma),
            },
            _ => match option(args, &ProgramOptions::of(program).with("output")) {
                Some(path) => self.out.add_path(path),
                None => self.out.opens(UnknownOutput::OfProgram { program: program.to_string() }),
            },
        }
    }

    fn bundles(&mut self, bundler: &'static str, folder: &str) {
        self.out.bundler = Some(bundler);
        self.out.add_path(folder);
        if !data::KEEPING_BUNDLERS.contains(bundler) {
            self.out.emptied.extend(inner(folder));
        }
    }

    /// The last word is where it goes.
    fn copied(&mut self, args: &[String]) {
        match args.first().map(String::as_str) {
            Some("rm" | "mkdir" | "echo" | "chmod") => {}
            _ => match args.iter().rfind(|word| !word.starts_with('-')) {
                Some(target) => self.copies.push(target.clone()),
                None => self.out.opens(UnknownOutput::CopyDestination),
            },
        }
    }

    /// The file `name.ts` or the like: its name, and its text where that is known.
    fn configuration(&self, name: &str) -> Option<(String, Option<&'a str>)> {
        let names = FileKind::endings_of(Ecosystem::Node).map(|ending| format!("{name}{ending}"));
        let path = names.into_iter().find(|path| self.has(path))?;
        let text = self.text(&path);
        Some((path, text))
    }

    /// A bundler with one setting for its folder.
    fn configured(&mut self, bundler: &'static str, file: &str, key: &str, default: &str) {
        let value = match self.configuration(file) {
            None => Some(default.to_owned()),
            Some((_, None)) => None,
            Some((_, Some(text))) => match literal(text, key) {
                Literal::Missing => Some(default.to_owned()),
                Literal::Text(folder) => Some(folder.to_owned()),
                Literal::Open => None,
            },
        };
        match value {
            Some(folder) => self.bundles(bundler, &folder),
            None => self.out.opens(UnknownOutput::Setting { key: key.to_string(), file: file.to_string() }),
        }
    }

    fn vite(&mut self, args: &[String]) {
        if let Some(folder) = option(args, &["--outDir"]) {
            return self.bundles("vite", folder);
        }
        if option(args, &["--config", "-c"]).is_some() {
            return self.out.opens(UnknownOutput::OtherViteConfiguration);
        }
        if self.project.frameworks.contains(&Framework::SvelteKit) {
            return self.svelte_kit();
        }
        if self.depends("@remix-run/dev") {
            return self.bundles("remix", "build");
        }
        if let Some((_, Some(text))) = self.configuration("vite.config")
            && !matches!(literal(text, "root"), Literal::Missing | Literal::Text("." | "./"))
        {
            return self.out.opens(UnknownOutput::ViteRoot);
        }
        self.configured("vite", "vite.config", "outDir", "dist");
    }

    fn depends(&self, name: &str) -> bool {
        self.project.dependencies.iter().any(|dependency| dependency.name == name)
    }

    fn svelte_kit(&mut self) {
        let adapter =
            ["@sveltejs/adapter-node", "@sveltejs/adapter-static"].into_iter().find(|name| self.depends(name));
        let text = self.configuration("svelte.config").and_then(|(_, text)| text);
        match (adapter, text.map(|text| (literal(text, "out"), literal(text, "pages")))) {
            (Some(_), Some((Literal::Missing, Literal::Missing))) => self.bundles("svelte-kit", "build"),
            (Some("@sveltejs/adapter-node"), Some((Literal::Text(folder), _))) => self.bundles("svelte-kit", folder),
            _ => self.out.opens(UnknownOutput::SvelteAdapter),
        }
    }

    fn next(&mut self) {
        let Some((_, text)) = self.configuration("next.config") else { return self.bundles("next", ".next") };
        let Some(text) = text else { return self.out.opens(UnknownOutput::UnreadNextConfiguration) };
        if literal(text, "distDir") != Literal::Missing {
            return self.out.opens(UnknownOutput::NextDistDir);
        }
        let export = literal(text, "output");
        self.bundles("next", ".next");
        self.published(text);
        match export {
            Literal::Missing | Literal::Text("standalone") => {}
            Literal::Text("export") => self.out.add_path("out"),
            _ => self.out.opens(UnknownOutput::NextOutput),
        }
    }

    /// What plugins of a configuration of Next.js write for browsers beside what it builds. In doubt the folder `public` is that
    /// of the build.
    fn published(&mut self, text: &str) {
        let text = &blank_comments(text);
        let names_folder = || ["'public", "\"public", "`public", "/public"].iter().any(|word| text.contains(word));
        let has_plugin = data::NODE_PACKAGES.with("publishes").any(|name| text.contains(name));
        if self.has("public") && (has_plugin || names_folder()) {
            self.out.add_path("public");
        }
        for key in if has_plugin { &["dest", "swDest"][..] } else { &[] } {
            match literal(text, key) {
                Literal::Missing => {}
                Literal::Text(file) if *key == "swDest" => self.out.add_path(path::parent(file)),
                Literal::Text(folder) => self.out.add_path(folder),
                Literal::Open => {
                    self.out.opens(UnknownOutput::Setting { key: (*key).to_owned(), file: "next.config".to_owned() });
                }
            }
        }
    }

    fn angular(&mut self, args: &[String]) {
        if let Some(folder) = option(args, &["--output-path"]) {
            return self.bundles("ng", folder);
        }
        let Some(text) = self.text("angular.json") else {
            return self.out.opens(UnknownOutput::UnreadAngularConfiguration);
        };
        let mut folders = Vec::new();
        let Some(value) = parse_jsonc(text) else { return self.out.opens(UnknownOutput::UnreadAngularConfiguration) };
        output_paths(&value, &mut folders);
        folders.dedup();
        match folders[..] {
            [Some(folder)] => self.bundles("ng", folder),
            // The default lies below `dist`.
            [] => self.bundles("ng", "dist"),
            _ => self.out.opens(UnknownOutput::AngularOutputPath),
        }
    }

    fn nest(&mut self, args: &[String]) {
        if args.iter().any(|word| word == "--all") || option(args, &["-p", "--path"]).is_some() {
            return self.out.opens(UnknownOutput::SeveralNestProjects);
        }
        let config = ["tsconfig.build.json", "tsconfig.json"].into_iter().find(|path| self.has(path));
        let Some(config) = config else { return self.out.add_path("dist") };
        match TsConfig::read(config, &|path| self.text(path)).map(|config| config.output()) {
            Some(Emit::Folder(folder)) => self.out.add_path(&folder),
            Some(Emit::BesideSources) => self.out.add_path("dist"),
            _ => self.out.opens(UnknownOutput::TypeScriptOutDir { config: config.to_string() }),
        }
    }

    fn tsc(&mut self, args: &[String]) {
        let has = |names: &[&str]| args.iter().any(|arg| names.contains(&arg.as_str()));
        if has(&["--noEmit", "--version", "-v", "--init"]) {
            return;
        }
        if let Some(folder) = option(args, &["--outDir"]) {
            return self.out.add_path(folder);
        }
        if has(&["-b", "--build"]) {
            let named: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
            if named.is_empty() {
                return self.compiled("tsconfig.json", true, 0);
            }
            return named.into_iter().for_each(|config| self.compiled(&self.config_at(config), true, 0));
        }
        let config = option(args, &["-p", "--project"]).unwrap_or("tsconfig.json");
        self.compiled(&self.config_at(config), false, 0);
    }

    /// Takes what the compiler writes for a configuration; with references, as `tsc --build` follows them.
    fn compiled(&mut self, path: &str, references: bool, depth: usize) {
        if depth > words::DEEPEST {
            return self.out.opens(UnknownOutput::TypeScriptCycle);
        }
        let Some(config) = TsConfig::read(path, &|path| self.text(path)) else {
            return self.out.opens(UnknownOutput::UnreadFile { path: path.to_string() });
        };
        if references {
            config.references.iter().for_each(|path| self.compiled(&self.config_at(path), true, depth + 1));
        }
        match config.output() {
            Emit::Nothing => {}
            // Declarations are for compilers.
            Emit::Declarations if references => {}
            Emit::Folder(folder) => self.out.add_path(&folder),
            Emit::Declarations | Emit::BesideSources => {
                self.out.opens(UnknownOutput::NoTypeScriptOutDir { path: path.to_string() });
            }
            Emit::Unknown => self.out.opens(UnknownOutput::TypeScriptOutDirOf { path: path.to_string() }),
        }
    }

    /// The configuration at a path that `--project` or a reference names: a file, or the one in a folder.
    fn config_at(&self, path: &str) -> String {
        let path = path::normalize(path);
        let inside = path::join(&path, "tsconfig.json");
        if self.has(&inside) { inside } else { path }
    }

    fn webpack(&mut self, args: &[String]) {
        if let Some(folder) = option(args, &["-o", "--output-path"]) {
            return self.bundles("webpack", folder);
        }
        let name = option(args, &["-c", "--config"]).map_or_else(|| "webpack.config.js".to_owned(), str::to_owned);
        if !self.has(&name) && option(args, &["-c", "--config"]).is_none() {
            return self.bundles("webpack", "dist");
        }
        let Some(text) = self.text(&name) else {
            return self.out.opens(UnknownOutput::UnreadFile { path: name.clone() });
        };
        let text = &blank_comments(text);
        let paths: Vec<&str> = text.match_indices("path.").filter_map(|(at, _)| output_path(text, at)).collect();
        match paths.as_slice() {
            [] if !text.contains("output") => self.bundles("webpack", "dist"),
            [folder] => self.bundles("webpack", folder),
            _ => self.out.opens(UnknownOutput::OfWebpack { name: name.clone() }),
        }
    }

    fn prisma(&mut self, args: &[String]) {
        let named = option(args, &["--schema"]);
        let schema = named.unwrap_or("prisma/schema.prisma");
        let Some(text) = self.text(schema).or_else(|| self.text("schema.prisma")) else {
            return self.out.opens(UnknownOutput::PrismaClient);
        };
        let output = text.lines().map(str::trim).find_map(|line| {
            let value = line.strip_prefix("output")?.trim_start().strip_prefix('=')?;
            Some(value.trim().trim_matches('"').to_owned())
        });
        match output {
            None => self.out.into_modules = true,
            Some(path) if path.contains("node_modules") => self.out.into_modules = true,
            Some(path) => {
                let folder = path::parent(schema);
                self.out.add_path(&path::join(folder, &path));
            }
        }
    }
}

/// The values of all members `outputPath`: a folder, or an object with it as `base`.
fn output_paths<'v>(value: &'v Value, folders: &mut Vec<Option<&'v str>>) {
    let Value::Object(members) = value else { return };
    for (key, value) in members {
        match value {
            Value::String(folder) if key == "outputPath" => folders.push(Some(folder)),
            value if key == "outputPath" => folders.push(value.get("base").and_then(Value::as_str)),
            value => output_paths(value, folders),
        }
    }
}

/// The folder of `path: path.resolve(__dirname, "folder")`.
fn output_path(text: &str, at: usize) -> Option<&str> {
    let before = text[..at].trim_end();
    if !before.strip_suffix(':')?.trim_end().ends_with("path") {
        return None;
    }
    let (_, rest) = text[at..].split_once("__dirname")?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(folder, _)| folder)
}
