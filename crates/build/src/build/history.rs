//! Whether a step might read the repository's history. Only programs that are known not to read it are trusted.

use std::collections::BTreeSet;

use super::{Build, Stage, absolute, is_of_system};
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind::Directory;
use crate::inputs::context::{BuildContext, EntryId};
use crate::manifest::{ContentKind, Ecosystem, FileKind, INSTALL_SCRIPTS, Project, Role, is_manifest};
use crate::shell::program::{Kind, Program};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::sources::patterns;

/// The depth of folders in which a manifest or makefile may be.
const DEEPEST: usize = 3;

/// The number of files that are read to see whether a step calls git.
const MOST_FILES: usize = 50;

/// The number of commands of a script whose words are looked up.
const MOST_COMMANDS: usize = 200;

/// Whether git reads the history of the project that it runs in: `git clone` and `git config` do not.
pub fn asks_history(invocation: &Invocation) -> bool {
    invocation.is("git") && !invocation.args.iter().any(|word| word.is("clone") || word.is("config"))
}

impl Build<'_> {
    /// Why a step might read the history; `None` if it is certain that none does. `all`: also the steps of stages that
    /// the target does not need.
    pub fn may_read_history(&self, all: bool) -> Option<String> {
        let mut stages = self.stages().iter().filter(|stage| all || self.is_needed(stage));
        stages.find_map(|stage| self.reader_in(stage))
    }

    /// Files of the context through which a step may call git, if the context has a history: files that make and
    /// similar tools read, manifests, and scripts that a RUN names.
    pub fn history_readers(&self) -> Vec<String> {
        let Some(context) = self.input().context.as_deref() else { return Vec::new() };
        if context.child(None, ".git").is_none() {
            return Vec::new();
        }
        let (mut paths, mut has_recipes) = (BTreeSet::new(), false);
        for stage in self.stages() {
            for (index, _) in self.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run) {
                let Some(code) = self.code(index) else { continue };
                for invocation in code.script.invocations().iter().take(MOST_COMMANDS) {
                    has_recipes |= invocation.program.is_some_and(|program| Program::of(program).is(Kind::Recipes));
                    let words = [invocation.path].into_iter().chain(invocation.args).filter_map(|word| word.value());
                    let scripts = words.filter(|word| word.contains('/') || word.contains('.'));
                    paths.extend(scripts.filter_map(|word| self.script_of_context(context, (stage, index), word)));
                }
            }
        }
        let is_reader = |path: &String| {
            let is_recipe = has_recipes && is_recipe_file(path);
            is_recipe || is_manifest(path).is_some_and(|kind| kind.role == Role::Manifest)
        };
        let mut level: Vec<EntryId> = context.children(None).collect();
        for _ in 0..DEEPEST {
            paths.extend(level.iter().map(|id| context.path(*id)).filter(is_reader));
            level = level.iter().flat_map(|id| context.children(Some(*id))).collect();
        }
        paths.into_iter().take(MOST_FILES).collect()
    }

    /// The file of the context that a word of a step names, from the step's folder or from the context's root.
    fn script_of_context(&self, context: &BuildContext, place: (&Stage, usize), word: &str) -> Option<String> {
        let (stage, index) = place;
        let folder = self.workdir(stage, index);
        let target = absolute(word, folder.value().map(String::as_str))?;
        let brought = self.brought_before(context, stage, index, &target);
        brought.map(|brought| brought.path).or_else(|| file_at(context, word))
    }

    /// The scripts of the context that the text of a makefile or script names.
    pub fn scripts_named_in(&self, text: &str) -> Vec<String> {
        let Some(context) = self.input().context.as_deref() else { return Vec::new() };
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"._-/".contains(c));
        let paths = words.filter(|word| word.contains('/')).filter_map(|word| file_at(context, word));
        let paths: BTreeSet<String> = paths.filter(|path| FileKind::of(path).nature() != ContentKind::Data).collect();
        paths.into_iter().take(MOST_FILES).collect()
    }

    /// The file of those that were read which takes a version from the history, or asks git for it.
    pub fn text_with_history(&self) -> Option<&str> {
        let mut texts = self.input().texts.iter().flat_map(|texts| texts.iter());
        let reads = |path: &str, text: &[u8]| {
            let text = std::str::from_utf8(text).unwrap_or_default();
            ["takes its version from the history", "asks git for the history"].iter().any(|meaning| {
                // Few texts have one of the words at all, and kinds of files take longer to tell.
                patterns::shows(text, meaning) && {
                    let kind = FileKind::of(path);
                    !kind.is_for_people() && patterns::shows_word(kind, text, meaning)
                }
            })
        };
        texts.find(|(path, text)| reads(path, text)).map(|(path, _)| path.as_str())
    }

    fn reader_in(&self, stage: &Stage) -> Option<String> {
        for (index, _) in self.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run) {
            let code = self.code(index).filter(|code| code.script.problems.is_empty());
            let Some(code) = code else { return Some("a step whose commands cannot be analyzed".to_owned()) };
            for invocation in code.script.invocations() {
                if let Some(reader) = self.reader(&invocation) {
                    return Some(format!("{reader} might read the repository's history"));
                }
            }
        }
        None
    }

    fn reader(&self, invocation: &Invocation) -> Option<String> {
        let Some(program) = invocation.program else {
            return Some("a program that is known only during the build".to_owned());
        };
        if let Some(call) = invocation.package_call() {
            return self.call_reads(&call).then(|| format!("`{}`", format!("{program} {}", call.verb_text).trim_end()));
        }
        let keeps = Program::of(program).keeps_to_arguments() && !asks_history(invocation);
        let harmless = keeps || makes_environment(invocation);
        let known = harmless && is_of_system(invocation.path.text());
        (!known).then(|| format!("`{program}`"))
    }

    fn call_reads(&self, call: &PackageCall) -> bool {
        if call.manager.is_system() || matches!(call.verb, Verb::Clean | Verb::Remove) {
            return false;
        }
        let local = call.packages.iter().any(|package| package.source == PackageSource::Path || package.name.dynamic)
            || call.inputs.iter().any(|input| matches!(input.kind, InputKind::Package | InputKind::Editable));
        if local {
            return true;
        }
        let works = call.is_from_manifest() || matches!(call.verb, Verb::Build | Verb::Run);
        match call.manager {
            // A requirements file may name the project itself.
            Manager::Pip | Manager::Pipenv | Manager::Conda => works && self.has_python_project(),
            Manager::Uv if call.verb_text.starts_with("pip") => works && self.has_python_project(),
            Manager::Uv | Manager::Poetry | Manager::Pdm => {
                let without = ["--no-install-project", "--no-install-workspace", "--no-root", "--no-self"];
                works && (call.verb != Verb::Install || !call.has(&without))
            }
            Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => works && self.node_reads(call),
            Manager::Go => {
                let remote = call.packages.iter().any(|package| package.version.is_some());
                !(remote || call.verb == Verb::Download || call.verb_text.starts_with("mod") || call.verb_text == "env")
            }
            Manager::Cargo => works && self.cargo_reads(),
            Manager::Bundle => works && self.has_file(|name| name.ends_with(".gemspec")),
            Manager::Gem | Manager::Composer => works,
            Manager::Maven | Manager::Gradle | Manager::Dotnet => call.verb != Verb::Download,
            _ => false,
        }
    }

    fn has_python_project(&self) -> bool {
        self.has_file(|name| matches!(name, "pyproject.toml" | "setup.py" | "setup.cfg"))
    }

    /// Whether the context contains such a file, or is unknown.
    fn has_file(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        let Some(context) = self.input().context.as_deref() else { return true };
        context.entries().any(|id| is_meant(context.entry(id).name))
    }

    /// The projects of an ecosystem; `None` if they are unknown, or if there is none where one is expected.
    fn projects_of(&self, ecosystem: Ecosystem) -> Option<Vec<&Project>> {
        let all = self.input().projects.as_ref()?;
        let projects: Vec<&Project> = all.iter().filter(|project| project.ecosystem == ecosystem).collect();
        (!projects.is_empty()).then_some(projects)
    }

    /// Whether the scripts of the Node projects that a call runs do more than call installed tools.
    fn node_reads(&self, call: &PackageCall) -> bool {
        let runs = call.verb != Verb::Install;
        if !runs && call.has(&["--ignore-scripts"]) {
            return false;
        }
        let Some(projects) = self.projects_of(Ecosystem::Node) else {
            // Without a manifest there is nothing to run.
            return runs || self.has_file(|name| name == "package.json");
        };
        let is_own = |word: &str| {
            let program = Program::of(word);
            let runs = [Kind::Interpreter, Kind::Shell, Kind::Recipes].into_iter().any(|kind| program.is(kind));
            word.contains('/') || word.contains("git") || runs
        };
        projects.iter().any(|project| {
            let reads = project.dependencies.iter().any(|dependency| is_reader(&dependency.name));
            (runs && reads)
                || project.scripts.iter().any(|script| {
                    (runs || INSTALL_SCRIPTS.contains(&script.name.as_str()))
                        && script.command.split(|c: char| c.is_whitespace() || ";&|()".contains(c)).any(is_own)
                })
        })
    }

    /// A build script may call git itself, or through a crate.
    fn cargo_reads(&self) -> bool {
        let Some(projects) = self.projects_of(Ecosystem::Rust) else { return true };
        self.has_file(|name| name == "build.rs")
            || projects.iter().any(|project| project.dependencies.iter().any(|dependency| is_reader(&dependency.name)))
    }
}

/// Files that make, just or task read.
fn is_recipe_file(file: &str) -> bool {
    let kind = FileKind::of(file);
    matches!(kind.language(), "Makefile" | "Just") || (kind.holds_commands() && !kind.is_of_forge())
}

fn file_at(context: &BuildContext, word: &str) -> Option<String> {
    let id = context.find(word.trim_start_matches("./"))?;
    (context.entry(id).kind != Directory).then(|| context.path(id))
}

fn is_reader(package: &str) -> bool {
    patterns::shows(package, "part of the name of a package that reads the history")
}

/// `python -m venv`, `virtualenv`.
pub(super) fn makes_environment(invocation: &Invocation) -> bool {
    let python = invocation.program.is_some_and(|program| program.starts_with("python"));
    invocation.is("virtualenv")
        || (python && invocation.args.iter().take(2).any(|word| word.is("venv") || word.is("virtualenv")))
}
