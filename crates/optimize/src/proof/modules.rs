//! The modules that a program's sources import, followed from the command of the container, so that modules which are
//! loaded late are checked too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::manifest::{Ecosystem, FileKind};
use crate::shell::program::{Kind, Language, Program};
use crate::sources::imports::{self, Sources};
use crate::text::path;

/// Modules of one program at most.
const MODULES: usize = 400;

/// Source files that are followed at most.
const FILES: usize = 2000;

/// The module that a command of Python starts: `app.main` of `uvicorn app.main:app`.
pub fn python_module(words: &[String]) -> Option<String> {
    let program = path::name(words.first()?);
    let is_module = |text: &str| {
        !text.is_empty()
            && text.split('.').all(|part| {
                part.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
                    && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            })
    };
    let after = |flags: &[&str]| {
        let at = words.iter().position(|word| flags.contains(&word.as_str()))?;
        words.get(at + 1).cloned()
    };
    let attribute = || {
        words[1..]
            .iter()
            .find_map(|word| word.split_once(':').filter(|(module, _)| is_module(module)))
            .map(|(module, _)| module.to_owned())
    };
    let modules = match program {
        "celery" => after(&["-A", "--app"])
            .or_else(|| words.iter().find_map(|word| word.strip_prefix("--app=").map(str::to_owned))),
        "flask" => {
            after(&["--app", "-A"]).map(|argument| FileKind::of(&argument).source_stem(Ecosystem::Python).to_owned())
        }
        _ if program.starts_with("python") => after(&["-m"]),
        // Their argument is a file.
        "streamlit" => None,
        "fastapi" => words[1..].iter().find_map(|word| {
            let stem = FileKind::of(word).source_stem(Ecosystem::Python);
            (stem != word).then(|| stem.trim_start_matches("./").replace('/', "."))
        }),
        _ if Program::of(program).is_python_server() => {
            attribute().or_else(|| words[1..].iter().find(|word| word.contains('.') && is_module(word)).cloned())
        }
        _ => None,
    }?;
    let module = modules.split(':').next()?.to_owned();
    is_module(&module).then_some(module)
}

/// The file that a command of an interpreter starts: `server.js` of `node server.js`.
pub fn script_file(words: &[String]) -> Option<String> {
    let program = path::name(words.first()?);
    let is_interpreter = Program::of(program).is(Kind::Interpreter);
    let file = words[1..].iter().find(|word| !word.starts_with('-'))?;
    (is_interpreter && !words[1..].iter().any(|word| word == "-m" || word == "-c" || word == "-e"))
        .then(|| file.clone())
}

/// Whether Node.js runs a program.
pub fn is_run_by_node(program: &str) -> bool {
    Program::of(program).language == Some(Language::Node) && !matches!(program, "bun" | "bunx" | "deno")
}

/// What the sources that a program reaches ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedModules {
    /// Modules that are not the project's own.
    pub modules: BTreeSet<String>,
    /// Programs that are started: the first word of `subprocess.run([…])` and its like.
    pub programs: BTreeSet<String>,
}

/// Follows the sources of Python from a module or a file; from all but tests where it is not found.
pub fn python(texts: &BTreeMap<String, String>, start: Option<&str>) -> ImportedModules {
    let sources: BTreeMap<&str, &str> = texts
        .iter()
        .filter(|(path, _)| FileKind::of(path).is_source_of(Ecosystem::Python))
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let find = |module: &str| {
        let path = module.replace('.', "/");
        let ends = [format!("{path}.py"), format!("{path}/__init__.py"), format!("{path}/__main__.py")];
        sources
            .keys()
            .copied()
            .filter(|path| ends.iter().any(|end| *path == end || path.ends_with(&format!("/{end}"))))
            .collect::<Vec<_>>()
    };
    let first: Vec<&str> = match start {
        Some(file) if FileKind::of(file).is_source_of(Ecosystem::Python) => {
            sources.keys().copied().filter(|path| file.ends_with(path) || path.ends_with(file)).collect()
        }
        Some(module) => find(module),
        None => Vec::new(),
    };
    let first = if first.is_empty() { sources.keys().copied().filter(|path| !is_aside(path)).collect() } else { first };
    let is_folder = |name: &str| sources.keys().any(|path| path.split('/').rev().skip(1).any(|part| part == name));
    let mut imported = ImportedModules::default();
    let mut todo: Vec<&str> = first;
    let mut known: BTreeSet<&str> = todo.iter().copied().collect();
    while let Some(path) = todo.pop() {
        let text = sources.get(path).copied().unwrap_or_default();
        imported.programs.extend(programs(text));
        for module in imports::python(path, text)
            .into_iter()
            .filter(|python_import| !python_import.optional)
            .map(|python| python.module)
        {
            let paths = find(&module);
            if paths.is_empty() {
                let top = module.split('.').next().unwrap_or(&module);
                if imported.modules.len() < MODULES && find(top).is_empty() && !is_folder(top) {
                    imported.modules.insert(top.to_owned());
                }
            }
            todo.extend(paths.into_iter().filter(|path| known.len() < FILES && known.insert(path)));
        }
    }
    imported
}

/// Whether a source is no part of the running program: tests, examples, tools.
fn is_aside(path: &str) -> bool {
    !FileKind::of(path).role().is_of_program() || path::name(path) == "tasks.py"
}

/// Follows the sources of Node from a file; from all but tests where it is not found.
pub fn node(texts: &BTreeMap<String, String>, start: Option<&str>) -> ImportedModules {
    static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?m)(?:^\s*(?:import|export)\s+(?P<type>type\s)?[^'";]*?from\s*|^\s*import\s*|\brequire\(\s*|\bimport\(\s*)["'](?P<name>[^"'\s]+)["']"#).ok()
    });
    let mut imported = ImportedModules::default();
    let Some(named) = &*NAMED else { return imported };
    let is_source = |path: &&str| FileKind::of(path).is_source_of(Ecosystem::Node) && !path.contains("node_modules/");
    let sources: BTreeSet<&str> = texts.keys().map(String::as_str).filter(is_source).collect();
    let files = Sources::new(texts);
    let bare = |text: &str| text.trim_start_matches("./").trim_start_matches('/').to_owned();
    let first = start
        .map(bare)
        .and_then(|start| sources.iter().copied().find(|path| *path == start || start.ends_with(&format!("/{path}"))));
    let mut todo: Vec<&str> = match first {
        Some(first) => vec![first],
        None => sources.iter().copied().filter(|path| !is_aside(path)).collect(),
    };
    let mut known: BTreeSet<&str> = todo.iter().copied().collect();
    while let Some(path) = todo.pop() {
        let text = texts.get(path).map(String::as_str).unwrap_or_default();
        imported.programs.extend(programs(text));
        for name in named
            .captures_iter(text)
            .filter(|captures| captures.name("type").is_none())
            .filter_map(|captures| captures.name("name"))
        {
            let name = name.as_str();
            if name.starts_with('.') {
                let whole = path::join(path::parent(path), name);
                let paths = files.files_at(&whole).filter(|path| sources.contains(path));
                todo.extend(paths.filter(|path| known.len() < FILES && known.insert(path)));
            } else if !name.starts_with("node:")
                && !name.starts_with(['/', '~', '#', '$'])
                && !name.starts_with("@/")
                && imported.modules.len() < MODULES
            {
                let parts = if name.starts_with('@') { 2 } else { 1 };
                imported.modules.insert(name.split('/').take(parts).collect::<Vec<_>>().join("/"));
            }
        }
    }
    imported
}

/// First words of what a source starts.
fn programs(text: &str) -> Vec<String> {
    static CALLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let calls = r"(?:subprocess\.(?:run|call|check_call|check_output|Popen)|os\.system|os\.popen|shutil\.which|execa|execSync|exec|spawn|spawnSync|execFile|execFileSync|create_subprocess_exec)";
        Regex::new(&format!(r#"\b{calls}\(\s*\[?\s*f?["']([A-Za-z0-9_./-]+)"#)).ok()
    });
    let Some(calls) = &*CALLS else { return Vec::new() };
    calls.captures_iter(text).map(|call| call[1].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_start_module_is_found() {
        for (text, module) in [
            ("uvicorn app.main:app --port 8000", Some("app.main")),
            ("gunicorn -w 4 -b 0.0.0.0:8000 project.wsgi", Some("project.wsgi")),
            ("gunicorn --bind :8000 project.wsgi:application", Some("project.wsgi")),
            ("celery -A project worker", Some("project")),
            ("python -m app.run", Some("app.run")),
            ("fastapi run main.py", Some("main")),
            ("fastapi dev ./app/main.py --port 80", Some("app.main")),
            ("fastapi run", None),
            ("python3 app.py", None),
            ("nginx -g x", None),
        ] {
            assert_eq!(python_module(&words(text)).as_deref(), module, "{text}");
        }
        assert_eq!(script_file(&words("node --enable-source-maps dist/main.js")).as_deref(), Some("dist/main.js"));
        assert_eq!(script_file(&words("python -m app")), None);
    }

    fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn late_imports_of_reached_sources_are_asked_for() {
        let all = texts(&[
            (
                "app/main.py",
                "import os, requests\nfrom app import late\nfrom .models import Task\ntry:\n    import maybe\nexcept ImportError:\n    pass\n",
            ),
            ("app/late.py", "def f():\n    import faker.providers\n    subprocess.run([\"ffmpeg\", \"-i\"])\n"),
            ("app/models.py", "from sqlalchemy import Column\nfrom . import database\n"),
            ("app/database.py", "import psycopg2"),
            ("tests/test_a.py", "import pytest"),
        ]);
        let imported = python(&all, Some("app.main"));
        let names: Vec<&str> = imported.modules.iter().map(String::as_str).collect();
        assert_eq!(names, ["faker", "os", "psycopg2", "requests", "sqlalchemy"]);
        assert_eq!(imported.programs, ["ffmpeg".to_owned()].into());
        let all_but_tests = python(&all, Some("other"));
        assert!(!all_but_tests.modules.contains("pytest"));
    }

    #[test]
    fn bare_names_of_node_are_asked_for() {
        let all = texts(&[
            (
                "server.js",
                "const express = require('express');\nimport type { A } from 'types';\nconst r = require('./lib/routes');\nimport fs from 'node:fs';",
            ),
            ("lib/routes.js", "import x from '@scope/pkg/sub'\nconst y = await import(\"late\");"),
            ("server.test.js", "require('jest')"),
        ]);
        let imported = node(&all, Some("server.js"));
        let names: Vec<&str> = imported.modules.iter().map(String::as_str).collect();
        assert_eq!(names, ["@scope/pkg", "express", "late"]);
    }
}
