//! `no-dev-dependencies`.

use std::collections::{BTreeMap, HashSet};

use crate::build::{Build, installed};
use crate::finding::Finding;
use crate::fix::Level;
use crate::inputs::Inputs;
use crate::manifest::{Ecosystem, Install, Project, Scope};
use crate::optimize::mend;
use crate::optimize::scene::{Scene, Turn};
use crate::rules::{Policies, Selection};
use crate::shell::{Manager, parse};

pub(in crate::optimize) fn run(scene: &Scene, turn: &mut Turn) {
    let selection = Selection::new(&["dev-dependencies-kept".to_owned()], &[]).unwrap_or_default();
    let evidence = scene.evidence;
    let vet = |_: &Inputs, build: &Build, finding: &mut Finding| {
        let unneeded = mend::calls_at(build, finding.span, |place, invocation, call| {
            // What the others load is found by name at run time.
            let known = !matches!(call.manager, Manager::Composer | Manager::Bundle);
            let found = installed::of(build, place, invocation, call).filter(|_| known)?;
            let used = evidence.texts_cut
                || runs_in_install(found.project)
                || imports_dev(found.project, found.install?, &evidence.texts);
            Some(!used)
        });
        if unneeded != Some(true) {
            finding.fixes.clear();
        }
    };
    let mended = mend::mended(scene, &Policies::from(selection), Level::Unsafe, &vet);
    if let Some(edit) = mended.edit {
        let why = "no command, script or import outside of tests uses them";
        turn.step("leaves development dependencies out", why, vec![edit]);
    }
}

/// Whether a script that the install itself runs starts a program of a development dependency (`prepare: husky`).
fn runs_in_install(project: &Project) -> bool {
    const RUN: [&str; 5] = ["preinstall", "install", "postinstall", "prepublish", "prepare"];
    let dev = |name: &str| {
        let scope = |one: &&crate::manifest::Dependency| one.name == name || one.name.ends_with(&format!("/{name}"));
        project.dependencies.iter().find(scope).is_none_or(|one| one.scope == Scope::Dev)
    };
    RUN.iter().filter_map(|name| project.script(name)).any(|command| {
        let script = parse(command);
        script.invocations().iter().any(|one| one.program.is_none_or(|program| program != "node" && dev(program)))
    })
}

/// Whether a source file outside of tests imports something that is installed for development only.
fn imports_dev(project: &Project, install: &Install, texts: &BTreeMap<String, String>) -> bool {
    let mut seen = HashSet::new();
    texts.iter().filter(|(path, _)| is_own(project, path) && !is_for_development(path)).any(|(_, text)| {
        modules(project.ecosystem, text).into_iter().filter(|module| seen.insert(*module)).any(|module| {
            project.installs_module(install, module, true) != Some(false)
                && project.installs_module(install, module, false) == Some(false)
        })
    })
}

fn is_own(project: &Project, path: &str) -> bool {
    let inside = project.root.is_empty() || path.strip_prefix(&project.root).is_some_and(|rest| rest.starts_with('/'));
    let endings: &[&str] = match project.ecosystem {
        Ecosystem::Python => &[".py"],
        Ecosystem::Node => &[".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".vue", ".svelte"],
        _ => return false,
    };
    inside && endings.iter().any(|ending| path.ends_with(ending))
}

/// Tests, and settings of tools that run while developing.
fn is_for_development(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folders =
        ["tests", "test", "__tests__", "__mocks__", "spec", "e2e", "cypress", "benchmarks", "docs", "scripts"];
    let in_folder = path.split('/').rev().skip(1).any(|part| folders.contains(&part));
    let named =
        ["test_", "conftest.py", "noxfile.py", "setup.py", "fabfile.py"].iter().any(|start| name.starts_with(start));
    let ended = ["_test.py", ".test.", ".spec.", ".config.", "file.js", ".stories.", "rc.js", "rc.cjs"];
    in_folder || named || ended.iter().any(|part| name.contains(part))
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
    let mut found = Vec::new();
    for opener in ["require(", "import(", "from ", "import "] {
        for at in memchr::memmem::find_iter(text.as_bytes(), opener) {
            let rest = text[at + opener.len()..].trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { continue };
            let name = rest[1..].split(quote).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with(['.', '/']) && name.len() < 200 {
                found.push(name);
            }
        }
    }
    found
}
