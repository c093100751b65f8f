//! Pass `no-dev-dependencies`, which runs on several levels.

use std::collections::HashSet;

use crate::build::{Build, installed};
use crate::finding::Finding;
use crate::fix::FixLevel;
use crate::inputs::Inputs;
use crate::manifest::{DependencyScope, Ecosystem, FileKind, INSTALL_SCRIPTS, Install, Project};
use crate::optimize::assumption::Support;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reached_sources::LazyReach;
use crate::optimize::rule_fixes;
use crate::shell::{Manager, parse};
use crate::text::path;

pub(super) fn run(input: &PassInput, output: &mut PassOutput) {
    let reach = LazyReach::new(input);
    let vet = |_: &Inputs, build: &Build, finding: &mut Finding| {
        let unneeded = rule_fixes::calls_at(build, finding.span, |place, invocation, call| {
            // What the others load is found by name at run time.
            let known = !matches!(call.manager, Manager::Composer | Manager::Bundle);
            if !known {
                return None;
            }
            let project = installed::of(build, place, invocation, call)?;
            let used = input.evidence.texts_cut
                || runs_in_install(project.project)
                || imports_dev(input, &reach, project.project, project.install?);
            Some(!used)
        });
        if unneeded != Some(true) {
            finding.fixes.clear();
        }
    };
    let rewrite = rule_fixes::apply_fixes_of(input, &["dev-dependencies-kept"], FixLevel::Unsafe, &vet);
    if let Some(edit) = rewrite.edit {
        let why = "no command, script or import outside of tests uses them";
        output.step("omits dev dependencies", why, vec![edit]);
        let open = reach.shows("loads by name");
        output.assume(
            "the program loads no dev dependency",
            open.map(|path| {
                (Support::Open, format!("`{path}` loads modules by names that are known only at run time"))
            }),
        );
    }
}

/// Whether a script that the install itself runs starts a program of a development dependency (`prepare: husky`).
fn runs_in_install(project: &Project) -> bool {
    let dev = |name: &str| {
        let scope = |dependency: &&crate::manifest::Dependency| {
            dependency.name == name || dependency.name.ends_with(&format!("/{name}"))
        };
        project.dependencies.iter().find(scope).is_none_or(|dependency| dependency.scope == DependencyScope::Dev)
    };
    INSTALL_SCRIPTS.iter().filter_map(|name| project.script(name)).any(|command| {
        let script = parse(command);
        script
            .invocations()
            .iter()
            .any(|invocation| invocation.program.is_none_or(|program| program != "node" && dev(program)))
    })
}

/// Whether a source file outside of tests imports something that is installed for development only.
pub(super) fn imports_dev(input: &PassInput, reach: &LazyReach, project: &Project, install: &Install) -> bool {
    let mut seen = HashSet::new();
    let texts = input.evidence.texts.iter();
    let mut texts = texts.filter(|(path, _)| is_source(project, path) && !reach.is_for_development(path));
    texts.any(|(_, text)| {
        modules(project.ecosystem, text).into_iter().filter(|module| seen.insert(*module)).any(|module| {
            project.installs_module(install, module, true) != Some(false)
                && project.installs_module(install, module, false) == Some(false)
        })
    })
}

/// Whether a file is a source of the project.
fn is_source(project: &Project, file: &str) -> bool {
    let kind = FileKind::of(file);
    let followed = matches!(project.ecosystem, Ecosystem::Python | Ecosystem::Node);
    followed && kind.has_code() && kind.ecosystem() == Some(project.ecosystem) && path::is_within(file, &project.root)
}

/// The module of `import a.b` or `from a.b import c`.
fn python_module(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))?;
    rest.split([' ', ',', ';', '#']).next().filter(|name| !name.is_empty() && !name.starts_with('.'))
}

/// Names of the modules that a text imports.
fn modules(ecosystem: Ecosystem, text: &str) -> Vec<&str> {
    if ecosystem == Ecosystem::Python {
        return text.lines().filter_map(python_module).collect();
    }
    let mut names = Vec::new();
    for opener in ["require(", "import(", "from ", "import "] {
        for at in memchr::memmem::find_iter(text.as_bytes(), opener) {
            let rest = text[at + opener.len()..].trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { continue };
            let name = rest[1..].split(quote).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with(['.', '/']) && name.len() < 200 {
                names.push(name);
            }
        }
    }
    names
}
