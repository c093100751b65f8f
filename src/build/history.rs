//! Whether a step might read the repository's history. Only what is known not to is trusted.

use super::{Build, Stage, is_of_system};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, INSTALL_SCRIPTS, Project};
use crate::shell::program::{Kind, Program};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::sources::patterns;

impl Build<'_> {
    /// Why a step might read the history; `None` when it is certain that none does. `all`: also the steps of stages that
    /// the target does not need.
    pub fn may_read_history(&self, all: bool) -> Option<String> {
        let mut stages = self.stages().iter().filter(|stage| all || self.is_needed(stage));
        stages.find_map(|stage| self.reader_in(stage))
    }

    fn reader_in(&self, stage: &Stage) -> Option<String> {
        for (index, _) in self.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run) {
            let code = self.code(index).filter(|code| code.script.problems.is_empty());
            let Some(code) = code else { return Some("what a step runs can't be followed".to_owned()) };
            for one in code.script.invocations() {
                if let Some(reader) = self.reader(&one) {
                    return Some(format!("{reader} might read the repository's history"));
                }
            }
        }
        None
    }

    fn reader(&self, one: &Invocation) -> Option<String> {
        let Some(program) = one.program else { return Some("a program that only the build knows".to_owned()) };
        if let Some(call) = one.package_call() {
            return self.call_reads(&call).then(|| format!("`{}`", format!("{program} {}", call.verb_text).trim_end()));
        }
        // `git clone` and `git config` do not ask for the project's own history.
        let harmless = Program::of(program).keeps_to_arguments() || makes_environment(one);
        let known = harmless && is_of_system(one.path.text());
        (!known).then(|| format!("`{program}`"))
    }

    fn call_reads(&self, call: &PackageCall) -> bool {
        if call.manager.is_system() || matches!(call.verb, Verb::Clean | Verb::Remove) {
            return false;
        }
        let local = call.packages.iter().any(|one| one.source == PackageSource::Path || one.name.dynamic)
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

    /// Whether the context holds such a file, or is not known.
    fn has_file(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        let Some(context) = self.input().context.as_deref() else { return true };
        context.entries().any(|id| is_meant(context.entry(id).name))
    }

    /// The projects of an ecosystem; `None` when it is not known, or there is none where one should be.
    fn projects_of(&self, ecosystem: Ecosystem) -> Option<Vec<&Project>> {
        let all = self.input().projects.as_ref()?;
        let own: Vec<&Project> = all.iter().filter(|project| project.ecosystem == ecosystem).collect();
        (!own.is_empty()).then_some(own)
    }

    /// Whether the scripts of the Node projects that a call runs are other than calls of installed tools.
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

    /// A build script may ask git itself, or through a crate.
    fn cargo_reads(&self) -> bool {
        let Some(projects) = self.projects_of(Ecosystem::Rust) else { return true };
        self.has_file(|name| name == "build.rs")
            || projects.iter().any(|project| project.dependencies.iter().any(|one| is_reader(&one.name)))
    }
}

fn is_reader(package: &str) -> bool {
    patterns::shows(package, "part of the name of a package that reads the history")
}

/// `python -m venv`, `virtualenv`.
pub(super) fn makes_environment(one: &Invocation) -> bool {
    let python = one.program.is_some_and(|program| program.starts_with("python"));
    one.is("virtualenv") || (python && one.args.iter().take(2).any(|word| word.is("venv") || word.is("virtualenv")))
}
