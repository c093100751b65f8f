//! The imports of source files, and which files a program loads from its entry points. More files are followed than a
//! program really loads, so that none is missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use super::patterns;
use super::workspace_packages::{WorkspacePackages, is_imported};
use crate::manifest::{Ecosystem, FileKind, FileRole};
use crate::text::path;

/// The maximum number of source files that are followed.
const FILES: usize = 6000;
/// Bytes of a quoted string that may name a file.
const LONGEST_QUOTE: usize = 200;

/// A module that a Python file imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonImport {
    /// Its full name; relative names are resolved.
    pub module: String,
    /// Whether the program works without it: it is inside `try:`, or is only for type checking.
    pub optional: bool,
}

/// The source files among some files, by their names.
pub struct Sources<'t> {
    texts: &'t BTreeMap<String, String>,
    /// By the last part of the path without its extension; for `__init__` and `index`, the folder's name.
    by_stem: HashMap<&'t str, Vec<&'t str>>,
    packages: WorkspacePackages<'t>,
}

/// The files that a program loads.
pub struct SourceReach<'t> {
    files: BTreeSet<&'t str>,
    /// The languages of its entry points whose imports are followed.
    known: Vec<Ecosystem>,
}

impl<'t> Sources<'t> {
    /// Collects the source files from texts by their paths.
    pub fn new(texts: &'t BTreeMap<String, String>) -> Self {
        Self::of(texts, |_| true)
    }

    /// The same of those at some paths.
    pub fn of(texts: &'t BTreeMap<String, String>, is_taken: impl Fn(&str) -> bool) -> Self {
        let mut by_stem: HashMap<&str, Vec<&str>> = HashMap::new();
        for path in texts.keys().filter(|path| FileKind::of(path).has_code() && is_taken(path)) {
            by_stem.entry(path::name(module_path(path))).or_default().push(path);
        }
        Self { texts, by_stem, packages: WorkspacePackages::of(texts) }
    }

    /// The files at a path without an extension, or with the extension of the compiled file; a folder means its index.
    pub fn files_at(&self, path: &str) -> impl Iterator<Item = &'t str> + use<'t> {
        let stem = module_stem(path).to_owned();
        self.files_with_stem(&stem).filter(move |path| module_path(path) == stem)
    }

    /// The files whose path, without its extension, ends with this one.
    fn ending_in(&self, path: &str) -> impl Iterator<Item = &'t str> + use<'t> {
        let stem = module_stem(path).to_owned();
        self.files_with_stem(&stem).filter(move |path| {
            let path = module_path(path);
            path.strip_suffix(&*stem).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        })
    }

    fn files_with_stem(&self, stem: &str) -> std::vec::IntoIter<&'t str> {
        self.by_stem.get(path::name(stem)).cloned().unwrap_or_default().into_iter()
    }

    /// The files of a Python module and of the packages around it.
    fn python_module(&self, module: &str) -> Vec<&'t str> {
        let path = module.trim_matches('.').replace('.', "/");
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.flat_map(|end| self.ending_in(&path[..end]))
            .filter(|path| FileKind::of(path).is_source_of(Ecosystem::Python))
            .collect()
    }

    /// The file of `main:app`: in the folder that `--app-dir` names, at the top, or the only one of its name.
    fn python_application(&self, command: &str, module: &str) -> Vec<&'t str> {
        let named =
            command.split_once("--app-dir").map(|(_, rest)| rest.trim_start_matches([' ', '=', '"', ',', '\'']));
        let folder = named.and_then(|rest| rest.split([' ', '"', ',', '\'']).next()).unwrap_or_default();
        let path = format!("{module}.py");
        if !folder.is_empty() {
            return self.ending_in(&path::join(folder.trim_matches(['.', '/']), &path)).collect();
        }
        let top: Vec<&str> = self.files_at(&path).collect();
        let others: Vec<&str> = self.ending_in(&path).collect();
        if top.is_empty() && others.len() == 1 { others } else { top }
    }

    /// The files that a command may start: words that are paths or modules, also of compiled files.
    pub fn files_started_by(&self, command: &str) -> Vec<&'t str> {
        let mut files = Vec::new();
        let is_separator = |c: char| c.is_whitespace() || "\"'`[](){},;&|=<>".contains(c);
        for word in command.split(is_separator).filter(|word| !word.is_empty() && !word.starts_with('-')) {
            let path = word.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
            if let Some(started) = self.packages.started(path, |path| self.files_at(path).collect()) {
                files.extend(started);
                continue;
            }
            // The path may start with the folder of the image and that of compiled files.
            let tails = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
            for tail in std::iter::once(path).chain(tails) {
                files.extend(self.ending_in(tail));
            }
            if FileKind::of(path::name(path)).without_ending() == "index" {
                files.extend(self.first_index());
            }
            let module = word.split(':').next().unwrap_or(word);
            if module.contains('.') && is_module(module) {
                files.extend(self.python_module(module));
            } else if word.contains(':') && is_module(module) {
                files.extend(self.python_application(command, module));
            }
            // Alembic runs it before each of its migrations (Alembic docs: tutorial, the migration environment).
            if path::name(path) == "alembic" {
                let environments = self.ending_in("env.py");
                files.extend(environments.filter(|path| FileKind::of(path).role() == FileRole::Migration));
            }
            if matches!(path::name(path), "puma" | "rackup" | "rails" | "unicorn") {
                files.extend(self.files_at("config.ru"));
            }
        }
        files
    }

    /// The index files that lie nearest to the top: the folder in which a command names one may be any of the image.
    fn first_index(&self) -> Vec<&'t str> {
        let is_index = |path: &&str| {
            FileKind::of(path::name(path)).without_ending() == "index" && FileKind::of(path).role().is_of_program()
        };
        let all = || self.by_stem.values().flatten().copied().filter(is_index);
        let depth = |path: &str| path.matches('/').count();
        let Some(least) = all().map(depth).min() else { return Vec::new() };
        all().filter(|path| depth(path) == least).collect()
    }

    /// The files that can be loaded from some files.
    pub fn reachable_from(&self, entries: impl IntoIterator<Item = &'t str>) -> SourceReach<'t> {
        let mut waiting: Vec<&str> = entries.into_iter().collect();
        let mut known: Vec<Ecosystem> = Vec::new();
        for ecosystem in waiting.iter().filter_map(|path| FileKind::of(path).ecosystem()) {
            if is_followed(ecosystem) && !known.contains(&ecosystem) {
                known.push(ecosystem);
            }
        }
        let mut files = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            if files.contains(path) {
                continue;
            }
            if files.len() >= FILES {
                // Nobody knows what the rest loads.
                known.clear();
                break;
            }
            files.insert(path);
            let text = self.texts.get(path).map_or("", String::as_str);
            if patterns::shows(text, "loads by name") && loads_by_name(path, text) {
                known.retain(|ecosystem| FileKind::of(path).ecosystem() != Some(*ecosystem));
            }
            waiting.extend(self.imported(path, text));
        }
        SourceReach { files, known }
    }

    /// The files that a source file may load.
    fn imported(&self, path: &str, text: &str) -> Vec<&'t str> {
        let mut files = self.quoted(path, text);
        match FileKind::of(path).ecosystem() {
            Some(Ecosystem::Python) => {
                files.extend(python(path, text).iter().flat_map(|import| self.python_module(&import.module)));
            }
            Some(Ecosystem::Php) => {
                let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("use "));
                let classes = names.filter_map(|name| name.trim_end_matches(';').rsplit('\\').next());
                files.extend(classes.flat_map(|class| self.files_with_stem(class)));
            }
            // Rails loads everything there.
            Some(Ecosystem::Ruby) if path.ends_with("config/application.rb") => {
                let loaded = |path: &&String| path.starts_with("app/") || path.starts_with("lib/");
                let sources = self.texts.keys().filter(loaded).map(String::as_str);
                files.extend(sources.filter(|path| FileKind::of(path).is_source_of(Ecosystem::Ruby)));
            }
            _ => {}
        }
        files
    }

    /// The files that quoted strings name: Python modules, and paths relative to the file's folder or to a folder of
    /// sources, or names in a language that searches several folders.
    fn quoted(&self, path: &str, text: &str) -> Vec<&'t str> {
        // Without a bound: two hundred copies of all letters of Unicode took a quarter of an audit to compile.
        static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"["'`]([\w@~#.:/-]+)["'`]"#).ok());
        let Some(pattern) = &*QUOTED else { return Vec::new() };
        let folder = path::parent(path);
        let ecosystem = FileKind::of(path).ecosystem();
        let searched = matches!(ecosystem, Some(Ecosystem::Ruby | Ecosystem::Php));
        let mut files = Vec::new();
        let package = self.packages.around(path);
        let sources = path::child(package, "src");
        let matches = pattern.captures_iter(text).filter_map(|captures| captures.get(1));
        for quote in matches.filter(|quote| quote.len() <= LONGEST_QUOTE) {
            let (word, start) = (quote.as_str(), quote.start() - 1);
            let module = word.split(':').next().unwrap_or(word);
            if ecosystem == Some(Ecosystem::Python) && (word.contains(':') || word.contains('.')) && is_module(module) {
                files.extend(self.python_module(module));
            }
            if ecosystem == Some(Ecosystem::Node) && is_imported(&text[..start]) {
                files.extend(self.packages.imported(word, |path| self.files_at(path).collect()));
            }
            if !word.contains('/') && !searched && !FileKind::of(word).has_code() {
                continue;
            }
            let bare = word.trim_start_matches(['@', '~', '#']).trim_start_matches('/');
            let folders: BTreeSet<&str> = [folder, "", "src", package, &sources].into();
            for folder in folders {
                files.extend(self.files_at(&path::join(folder, bare)));
            }
            if searched {
                files.extend(self.ending_in(bare.trim_start_matches("./")));
            }
        }
        files
    }
}

impl SourceReach<'_> {
    /// Whether a source file may run in a container: the program loads it, or nothing shows that it is for something
    /// else.
    pub fn may_run(&self, path: &str) -> bool {
        let kind = FileKind::of(path);
        let is_known = || kind.ecosystem().is_some_and(|ecosystem| self.known.contains(&ecosystem));
        match kind.role() {
            FileRole::Program | FileRole::Script | FileRole::Migration | FileRole::Generated | FileRole::Output => true,
            _ if self.files.contains(path) => true,
            FileRole::Test | FileRole::Development | FileRole::Vendored => false,
            FileRole::Documentation => kind.is_compiled(),
            FileRole::Example | FileRole::Release => !is_known(),
        }
    }

    /// Whether the program loads a source file; `None` where its imports are not followed.
    pub fn loads(&self, path: &str) -> Option<bool> {
        let is_followed = FileKind::of(path).ecosystem().is_some_and(|ecosystem| self.known.contains(&ecosystem));
        if is_followed { Some(self.files.contains(path)) } else { None }
    }

    /// Whether a source file is only for developers: the program does not load it, and its name or a folder's says so.
    pub fn is_for_development(&self, path: &str) -> bool {
        let role = FileKind::of(path).role();
        !self.may_run(path) || matches!(role, FileRole::Script | FileRole::Output) && !self.files.contains(path)
    }
}

/// Whether a source loads others whose names only running it tells, by the words of its own language.
fn loads_by_name(path: &str, text: &str) -> bool {
    patterns::shows_in(FileKind::of(path), text, "loads by name")
}

/// Whether the imports of a language are followed.
fn is_followed(ecosystem: Ecosystem) -> bool {
    matches!(ecosystem, Ecosystem::Python | Ecosystem::Node | Ecosystem::Ruby | Ecosystem::Php)
}

/// The modules that a Python file imports.
pub fn python(path: &str, text: &str) -> Vec<PythonImport> {
    let mut imports = Vec::new();
    let package: Vec<&str> = path.split('/').collect();
    let mut add = |module: String, optional: bool| {
        if module.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            imports.push(PythonImport { module, optional });
        }
    };
    let mut trying: Option<usize> = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if trying.is_some_and(|outer| indent <= outer && !line.is_empty()) {
            trying = None;
        }
        if line == "try:" || line.starts_with("if TYPE_CHECKING") || line.starts_with("if typing.TYPE_CHECKING") {
            trying = Some(indent);
        }
        let optional = trying.is_some();
        if let Some(rest) = line.strip_prefix("import ") {
            let names = rest.split('#').next().unwrap_or_default().split(',');
            names.filter_map(|name| name.split_whitespace().next()).for_each(|name| add(name.to_owned(), optional));
        } else if let Some((module, names)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) {
            let dots = module.chars().take_while(|c| *c == '.').count();
            let module = &module.trim()[dots..];
            let mut whole: Vec<&str> =
                if dots == 0 { Vec::new() } else { package[..package.len().saturating_sub(dots)].to_vec() };
            whole.extend(module.split('.').filter(|part| !part.is_empty()));
            let base = whole.join(".");
            let mut names = names.to_owned();
            if names.trim_start().starts_with('(') {
                while !names.contains(')') {
                    let Some(line) = lines.next() else { break };
                    names.push_str(line.split('#').next().unwrap_or_default());
                }
            }
            // The names may be modules themselves.
            let names =
                names.trim_matches(['(', ')', ' ']).split(',').filter_map(|name| name.split_whitespace().next());
            names.filter(|name| *name != "*").for_each(|name| add(format!("{base}.{name}"), optional));
            if dots == 0 || !module.is_empty() {
                add(base, optional);
            }
        }
    }
    imports
}

fn is_module(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// The path of a module as an import or a command names it, with an extension or without: `routes` of `routes/index`.
fn module_stem(path: &str) -> &str {
    if FileKind::of(path).has_code() { module_path(path) } else { without_index(path) }
}

/// A path without its extension, and without the name of an index file.
fn module_path(path: &str) -> &str {
    let name = path::name(path);
    without_index(&path[..path.len() - name.rfind('.').map_or(0, |at| name.len() - at)])
}

fn without_index(stem: &str) -> &str {
    ["/__init__", "/index"].into_iter().find_map(|index| stem.strip_suffix(index)).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn check(all: &[(&str, &str)], command: &str, expected: &[&str]) {
        let texts = texts(all);
        let sources = Sources::new(&texts);
        let reach = sources.reachable_from(sources.files_started_by(command));
        assert_eq!(reach.files.into_iter().collect::<Vec<_>>(), expected, "{command}");
    }

    #[test]
    fn an_index_is_started_in_whatever_folder() {
        let all = [("api/index.js", "require('./a')"), ("api/a.js", ""), ("api/old/index.js", ""), ("api/b.js", "")];
        check(&all, "node index.js", &["api/a.js", "api/index.js"]);
        let built = [("src/index.ts", "import './a'"), ("src/a.ts", ""), ("src/b.ts", "")];
        check(&built, "node dist/index.js", &["src/a.ts", "src/index.ts"]);
        check(&all, "node old", &["api/old/index.js"]);
    }

    #[test]
    fn sources_of_python_are_reached_whatever_their_names() {
        let all = [
            ("app/__init__.py", ""),
            (
                "app/main.py",
                "from docs import (\n    writer,\n)\nfrom .release import x\ntry:\n    import maybe\nexcept ImportError:\n    pass\n",
            ),
            ("app/release.py", "uvicorn.run(\"late.run:app\")"),
            ("docs/writer.py", ""),
            ("late/run.py", ""),
            ("maybe.py", ""),
            ("tests/test_a.py", ""),
        ];
        let reached = ["app/__init__.py", "app/main.py", "app/release.py", "docs/writer.py", "late/run.py", "maybe.py"];
        check(&all, "uvicorn app.main:app --port 80", &reached);
        check(&all, "[\"python\", \"/srv/app/main.py\"]", &reached);
        check(&all, "gunicorn other:app", &[]);
    }

    #[test]
    fn sources_of_node_are_reached_whatever_their_names() {
        let all = [
            (
                "src/server.ts",
                "import { a } from './release_notes.js'\nnew Worker(\"./worker.js\")\nimport b from '@/lib'",
            ),
            ("src/release_notes.ts", "require('express')"),
            ("src/worker.ts", ""),
            ("src/lib/index.ts", ""),
            ("src/publish.ts", ""),
        ];
        let reached = ["src/lib/index.ts", "src/release_notes.ts", "src/server.ts", "src/worker.ts"];
        check(&all, "node dist/server.js", &reached);
        let index = [
            ("src/server.ts", "import { a } from './routes/index'"),
            ("src/routes/index.ts", ""),
            ("src/index.ts", ""),
        ];
        check(&index, "tsx src/server.ts", &["src/routes/index.ts", "src/server.ts"]);
    }

    #[test]
    fn sources_of_ruby_and_php_are_reached() {
        let ruby = [("app.rb", "require_relative 'release'"), ("release.rb", ""), ("spec/a_spec.rb", "")];
        check(&ruby, "ruby app.rb", &["app.rb", "release.rb"]);
        let rails = [
            ("config.ru", "require_relative \"config/environment\""),
            ("config/environment.rb", "require_relative \"application\""),
            ("config/application.rb", ""),
            ("app/models/release.rb", ""),
        ];
        check(
            &rails,
            "bundle exec puma",
            &["app/models/release.rb", "config.ru", "config/application.rb", "config/environment.rb"],
        );
        let php = [
            ("index.php", "<?php\nrequire __DIR__ . '/docs/a.php';\nuse App\\Release;"),
            ("docs/a.php", ""),
            ("src/Release.php", ""),
        ];
        check(&php, "php -S 0.0.0.0:80 index.php", &["docs/a.php", "index.php", "src/Release.php"]);
    }

    #[test]
    fn reached_sources_may_run() {
        let texts = texts(&[
            ("main.py", "import release_notes"),
            ("release_notes.py", ""),
            ("release.py", ""),
            ("docs/a.py", ""),
        ]);
        let sources = Sources::new(&texts);
        let reach = sources.reachable_from(sources.files_started_by("python main.py"));
        let runs = |path: &&str| reach.may_run(path);
        let paths =
            ["main.py", "release_notes.py", "release.py", "docs/a.py", "latest_api.py", "test_a.py", "release.js"];
        let paths: Vec<&str> = paths.into_iter().filter(runs).collect();
        assert_eq!(paths, ["main.py", "release_notes.py", "latest_api.py", "release.js"]);
        assert!(reach.is_for_development("scripts/a.py") && reach.may_run("scripts/a.py"));
    }
}
