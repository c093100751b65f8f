//! Whether a container needs dev dependencies: by the programs of its command, and by the imports of the sources.

pub(super) mod imports;

use crate::optimize::languages::node::stage_blocker::NodeBlocker;
use std::collections::BTreeSet;

use super::stage_parts::StageParts;
use super::words;
use crate::build::Stage;
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{DependencyScope, Ecosystem, FileKind, Framework, Project};
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::program::{Kind, Language, Program};
use crate::text::path;

/// Names of the programs that a container starts, one by the other; `None` where some are not known.
pub(super) fn programs(input: &PassInput, stage: &Stage, parts: &StageParts) -> Option<BTreeSet<String>> {
    let mut walk = NeedWalk::new(input, parts);
    let known = walk.image(stage).and_then(|()| walk.services(stage));
    known.is_ok().then_some(walk.programs)
}

/// Why they have to stay; `None` where nothing needs them.
pub(super) fn of_development(input: &PassInput, stage: &Stage, parts: &StageParts) -> Option<NodeBlocker> {
    let mut walk = NeedWalk::new(input, parts);
    if let Err(why) = walk.image(stage).and_then(|()| walk.services(stage)) {
        return Some(why);
    }
    if walk.started == 0 {
        return Some(NodeBlocker::StartsNothing);
    }
    let bundled = [
        Framework::Vite,
        Framework::ReactScripts,
        Framework::Angular,
        Framework::Gatsby,
        Framework::VueCli,
        Framework::Nuxt,
        Framework::SvelteKit,
        Framework::Next,
        Framework::Astro,
    ];
    let bundled = parts.project.frameworks.iter().any(|framework| bundled.contains(framework));
    let dev = development(parts.project);
    let loaded_by_server = imports::first(input, parts.project, &dev, Some(&walk.configs));
    let (import, file) =
        loaded_by_server.or_else(|| imports::first(input, parts.project, &dev, bundled.then_some(&walk.entries)))?;
    Some(NodeBlocker::ImportsDevDependency { file: file.clone(), import: import.clone() })
}

/// The names that are wanted for development alone.
fn development(project: &Project) -> BTreeSet<&str> {
    let names_of = |dev: bool| {
        let all =
            project.dependencies.iter().filter(move |dependency| (dependency.scope == DependencyScope::Dev) == dev);
        all.map(|dependency| dependency.name.as_str())
    };
    let run: BTreeSet<&str> = names_of(false).collect();
    names_of(true).filter(|name| !run.contains(name)).collect()
}

struct NeedWalk<'w, 'a, 'p> {
    input: &'w PassInput<'a>,
    parts: &'w StageParts<'p>,
    /// Files that Node.js is told to run.
    entries: BTreeSet<String>,
    /// Configuration files that servers load.
    configs: BTreeSet<String>,
    /// Names of all programs that start.
    programs: BTreeSet<String>,
    started: usize,
}

impl<'w, 'a, 'p> NeedWalk<'w, 'a, 'p> {
    fn new(input: &'w PassInput<'a>, parts: &'w StageParts<'p>) -> Self {
        let (entries, configs, programs) = Default::default();
        Self { input, parts, entries, configs, programs, started: 0 }
    }
}

impl NeedWalk<'_, '_, '_> {
    fn image(&mut self, stage: &Stage) -> Result<(), NodeBlocker> {
        for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
            let Some((index, _)) = self.input.build.last(stage, keyword) else { continue };
            let options = self.input.build.expand(stage, index, "${NODE_OPTIONS:-}").unwrap_or_default();
            self.loaded(&["node".to_owned(), options])?;
            let code = self.input.build.code(index).ok_or(NodeBlocker::UnsupportedShell)?;
            for invocation in code.script.invocations() {
                self.started += 1;
                self.command(&words::of(&invocation), 0)?;
            }
        }
        Ok(())
    }

    fn services(&mut self, stage: &Stage) -> Result<(), NodeBlocker> {
        for service in self.input.services_of(stage) {
            for text in [&service.entrypoint, &service.command].into_iter().flatten() {
                let by_service = |why: NodeBlocker| NodeBlocker::InService {
                    why: why.to_string(),
                    service: service.name.clone(),
                    text: text.clone(),
                };
                for words in words::commands(text) {
                    self.started += 1;
                    self.command(&words, 0).map_err(by_service)?;
                }
            }
        }
        Ok(())
    }

    fn command(&mut self, words: &[String], depth: usize) -> Result<(), NodeBlocker> {
        refuse_if(depth > words::DEEPEST, NodeBlocker::RecursiveScripts)?;
        if words.first().is_some_and(|first| matches!(words::name(first), "cross-env" | "cross-env-shell" | "dotenv")) {
            self.program(words::name(&words[0]))?;
        }
        self.programs.extend(words.first().map(|first| words::name(first).to_owned()));
        self.loaded(words)?;
        let words = words::program(words);
        let Some(first) = words.first() else { return Ok(()) };
        self.programs.insert(words::name(first).to_owned());
        if let Some(script) = words::script(words) {
            return self.script(script, depth);
        }
        match words::name(first) {
            "node" | "nodejs" | "bun" => {
                self.node(&words[1..]);
                Ok(())
            }
            "npm" | "yarn" | "pnpm" => Err(NodeBlocker::PackageManagerRuns { command: words.join(" ") }),
            "run-s" | "run-p" | "npm-run-all" | "concurrently" => {
                Err(NodeBlocker::StartsSeveral { program: first.clone() })
            }
            name if matches!(name, "nodemon" | "pm2-runtime" | "pm2") || runs_typescript(name) => {
                self.entries.extend(words[1..].iter().filter(|word| !word.starts_with('-')).cloned());
                self.program(name)
            }
            name if is_script(name) => self.shell_script(first, depth),
            name if Program::of(name).is_shell() => match words.get(1) {
                Some(path) if !path.starts_with('-') => self.shell_script(path, depth),
                _ => Err(NodeBlocker::UnknownShellScript),
            },
            _ if first.contains('$') => Err(NodeBlocker::UnknownProgram { first: first.clone() }),
            name => {
                self.load_config(name, &words[1..])?;
                self.program(name)
            }
        }
    }

    /// The configuration file that a program loads when it starts, and what it takes to load one written in TypeScript.
    fn load_config(&mut self, program: &str, args: &[String]) -> Result<(), NodeBlocker> {
        let Some(row) = data::SERVER_CONFIGS.row(program) else { return Ok(()) };
        let mut commands = data::words(row[1]).peekable();
        if commands.peek().is_some() && !commands.any(|command| args.iter().any(|arg| arg == command)) {
            return Ok(());
        }
        for ending in FileKind::endings_of(Ecosystem::Node) {
            let config = format!("{}{ending}", row[2]);
            let path = path::join(&self.parts.project.root, &config);
            if self.input.context().is_none_or(|context| context.find(&path).is_none()) {
                continue;
            }
            if FileKind::of(&config).language() == "TypeScript" {
                data::words(row[3]).try_for_each(|package| self.present(package))?;
            }
            self.configs.insert(config);
        }
        Ok(())
    }

    /// Modules that options of Node.js load before the program, given to it or to one that starts it.
    fn loaded(&self, words: &[String]) -> Result<(), NodeBlocker> {
        let parts = words.iter().flat_map(|word| word.split_whitespace()).collect::<Vec<_>>();
        for (at, word) in parts.iter().enumerate() {
            let word = word.strip_prefix("NODE_OPTIONS=").unwrap_or(word);
            let (flag, value) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
            if let Some(module) = value.or(parts.get(at + 1).copied())
                && words::MODULES.contains(&flag)
            {
                self.present(imports::package(module).unwrap_or_default())?;
            }
        }
        let compilers = ["ts-node", "tsx", "esbuild-register", "@swc-node/register", "@babel/register"];
        // `--exec ts-node`, and settings that are written in TypeScript.
        let typescript = parts.iter().skip(1).any(|word| FileKind::of(word).language() == "TypeScript");
        let native = matches!(parts.first().map(|first| words::name(first)), Some("node" | "nodejs" | "bun" | "deno"));
        compilers
            .into_iter()
            .filter(|name| typescript && !native || parts.contains(name))
            .try_for_each(|name| self.present(name))
    }

    /// A package that is loaded, and what that loads without saying so in its own manifest.
    fn present(&self, package: &str) -> Result<(), NodeBlocker> {
        let dev = development(self.parts.project);
        match dev.get(package).copied().or_else(|| words::beside(package).find(|name| dev.contains(name))) {
            Some(package) => Err(NodeBlocker::LoadsDevDependency { package: package.to_string() }),
            None => Ok(()),
        }
    }

    /// A script of package.json and the hooks around it.
    fn script(&mut self, name: &str, depth: usize) -> Result<(), NodeBlocker> {
        let project = self.parts.project;
        let script = match project.script(name) {
            None if name == "start" => Some("node server.js"),
            None => return self.program(name),
            script => script,
        };
        let hooks = [project.script(&format!("pre{name}")), script, project.script(&format!("post{name}"))];
        for command in hooks.into_iter().flatten().flat_map(words::commands) {
            self.command(&command, depth + 1)?;
        }
        Ok(())
    }

    /// `node` with a file.
    fn node(&mut self, args: &[String]) {
        self.entries.extend(words::run_by_node(args).and_then(|at| args.get(at)).cloned());
    }

    /// A program of a package, of the image, or installed for all.
    fn program(&self, name: &str) -> Result<(), NodeBlocker> {
        let package = words::package_of(name);
        let project = self.parts.project;
        let wanted = |scope: fn(DependencyScope) -> bool| {
            project.dependencies.iter().any(|dependency| dependency.name == package && scope(dependency.scope))
        };
        if let Some(beside) = words::beside(name).find(|option| development(project).contains(option)) {
            let (name, dependency) = (name.to_owned(), beside.to_owned());
            return Err(NodeBlocker::ProgramLoadsDevDependency { name, dependency });
        }
        // Of a program that stands alone the one that is installed for all suffices; others hand over to the project's.
        let global = self.parts.globals.iter().any(|global| global == package || global == name);
        let suffices =
            global && (!wanted(|scope| scope == DependencyScope::Dev) || data::NODE_PACKAGES.has(name, "alone"));
        if wanted(|scope| scope != DependencyScope::Dev) || suffices {
            return Ok(());
        }
        if wanted(|scope| scope == DependencyScope::Dev) {
            return Err(NodeBlocker::DevDependencyRuns { name: name.to_string(), package: package.to_string() });
        }
        let locked = self.parts.way.and_then(|way| way.locked.as_ref()).and_then(|locked| locked.packages.get(package));
        match locked.map(|locked| locked.dev_only) {
            Some(Some(false)) | None => Ok(()),
            _ => Err(NodeBlocker::MayBeDevDependency { name: name.to_string(), package: package.to_string() }),
        }
    }

    /// A shell script that the context brings.
    fn shell_script(&mut self, path: &str, depth: usize) -> Result<(), NodeBlocker> {
        let name = path::name(path);
        let of_context =
            self.input.context().is_none_or(|context| context.entries().any(|entry| context.entry(entry).name == name));
        if !of_context {
            // It is the image's own, and hands over to the command.
            return Ok(());
        }
        let ends = |other: &str| other == name || other.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        let mut texts = self.input.evidence.texts.iter().filter(|(path, _)| ends(path));
        let (Some((_, text)), None) = (texts.next(), texts.next()) else {
            return Err(NodeBlocker::UnreadScript { path: path.to_string() });
        };
        for command in words::commands(text) {
            if command.first().is_some_and(|first| first.starts_with("$@") || first.starts_with('$')) {
                continue;
            }
            self.command(&command, depth + 1)?;
        }
        Ok(())
    }
}

/// Whether a program runs the source that it is given, as `ts-node` does.
fn runs_typescript(name: &str) -> bool {
    let program = Program::of(name);
    program.is(Kind::Interpreter) && program.language == Some(Language::Node)
}

fn is_script(name: &str) -> bool {
    FileKind::of(name).is_shell() || name.contains("entrypoint")
}
