//! What the sources of services say of their healthchecks, and of how their workers take messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::local_url::local_urls;
use crate::compose::project::{ComposeMap, ComposeProject, ComposeValue};
use crate::data;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::sources::{code, patterns};
use crate::text::path;

/// What the sources of a service say of its healthcheck.
#[derive(Clone, Debug, Default)]
pub struct CheckedSources {
    /// The projects in its build context.
    pub projects: Vec<Project>,
    /// Paths that the check asks its own server for and that no source file names, of applications that name theirs.
    pub unnamed_paths: Vec<String>,
    /// Whether its server listens on `::1` and on 127.0.0.1, by what the sources give it; asked for checks of `localhost`.
    pub is_dual_stack: bool,
    /// Where a worker acknowledges messages before their work is done, as far as the sources show it.
    pub early_ack: Option<EarlyAck>,
}

/// How a worker acknowledges messages before their work is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyAck {
    /// Celery does unless it is told otherwise (docs: `task_acks_late`).
    Celery,
    /// A source says so.
    Source {
        /// The word that does.
        word: &'static str,
        /// The file, as seen from the build context.
        file: String,
    },
}

/// The files of a build context.
#[derive(Clone, Debug, Default)]
pub struct ContextFiles {
    /// The projects in it.
    pub projects: Vec<Project>,
    /// Their paths, with the texts of those that are code.
    pub files: Vec<(String, Option<String>)>,
}

/// What the sources say of the checks that import modules or ask for a path. `read` gives the files of the build context at
/// an absolute path; `None` where it cannot be read whole.
pub fn checked_sources(
    project: &ComposeProject,
    read: &dyn Fn(&str) -> Option<Arc<ContextFiles>>,
) -> BTreeMap<String, CheckedSources> {
    let mut contexts: BTreeMap<&str, Option<Arc<ContextFiles>>> = BTreeMap::new();
    let mut checked = BTreeMap::new();
    for (name, service) in project.services() {
        let context = service.get("build").and_then(|build| build.get("context")).and_then(ComposeValue::as_text);
        let test = service.get("healthcheck").and_then(|check| check.get("test")).and_then(ComposeValue::as_list);
        let Some(context) = context.filter(|context| context.starts_with('/')) else { continue };
        let test = test.unwrap_or_default().iter().filter_map(ComposeValue::as_text).collect::<Vec<_>>().join(" ");
        let paths = local_paths(&test);
        let asks_localhost = test.contains("://localhost");
        let reads_check = !paths.is_empty() || asks_localhost || test.contains("import ") || test.contains("require(");
        let takes_messages = takes_messages(service);
        if !reads_check && !takes_messages {
            continue;
        }
        let Some(files) = contexts.entry(context).or_insert_with(|| read(context)) else { continue };
        let unnamed_paths = files.unnamed(paths);
        let is_dual_stack = asks_localhost && files.is_dual_stack();
        let projects = files.projects.clone();
        let early_ack = takes_messages.then(|| files.early_ack(service)).flatten();
        checked.insert(name.to_owned(), CheckedSources { projects, unnamed_paths, is_dual_stack, early_ack });
    }
    checked
}

/// A meaning in `data/source_patterns.tsv`.
const EARLY_ACK: &str = "acknowledges a message before the work is done";

/// The words of a service's command.
fn command(service: &ComposeValue) -> Vec<&str> {
    let words = ["entrypoint", "command"].iter().filter_map(|key| service.get(key)?.as_list()).flatten();
    words.filter_map(ComposeValue::as_text).flat_map(str::split_whitespace).collect()
}

/// Whether a command starts a worker of Celery.
fn starts_celery(words: &[&str]) -> bool {
    let celery = words.iter().position(|word| path::name(word) == "celery");
    celery.is_some_and(|at| words[at..].contains(&"worker"))
}

/// Whether a service may take messages from a broker: it starts a worker of Celery, or is given the address of one.
fn takes_messages(service: &ComposeValue) -> bool {
    let variables = service.get("environment").and_then(ComposeValue::as_map);
    let values = variables.into_iter().flat_map(ComposeMap::iter).filter_map(|(_, entry)| entry.value.as_text());
    starts_celery(&command(service)) || values.into_iter().any(|value| value.starts_with("amqp"))
}

/// The paths of URLs that a check asks in its own container.
fn local_paths(test: &str) -> Vec<&str> {
    let is_plain = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
    let paths = local_urls(test).map(|url| url.path).filter(|path| is_plain(path));
    paths.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty()).collect()
}

impl ContextFiles {
    /// Those of some paths that no source names, of an application that names the paths which it answers.
    pub fn unnamed<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Vec<String> {
        if !self.names_routes() {
            return Vec::new();
        }
        paths.into_iter().filter(|path| !self.names(path)).map(str::to_owned).collect()
    }

    /// Whether it is an application of Python or Node whose sources name the paths that it answers, and no package may add a
    /// health page.
    fn names_routes(&self) -> bool {
        let is_known = |ecosystem| matches!(ecosystem, Some(Ecosystem::Python | Ecosystem::Node));
        let may_add = |project: &Project| project.dependencies.iter().any(|known| known.name.contains("health"));
        let makes = |path: &str, text: &String| {
            is_known(FileKind::of(path).ecosystem()) && patterns::shows(text, "makes an application")
        };
        !self.projects.iter().any(may_add)
            && self.files.iter().any(|(path, text)| text.as_ref().is_some_and(|text| makes(path, text)))
    }

    /// Where the sources acknowledge messages before their work is done.
    fn early_ack(&self, service: &ComposeValue) -> Option<EarlyAck> {
        if starts_celery(&command(service)) {
            return (!self.has_text("acks_late")).then_some(EarlyAck::Celery);
        }
        self.files.iter().find_map(|(path, text)| {
            let (kind, text) = (FileKind::of(path), text.as_ref()?);
            let pattern = patterns::of(EARLY_ACK).find(|pattern| pattern.is_of(kind) && text.contains(pattern.text))?;
            (!kind.is_test()).then(|| EarlyAck::Source { word: pattern.text, file: path.clone() })
        })
    }

    fn has_text(&self, words: &str) -> bool {
        self.files.iter().any(|(_, text)| text.as_ref().is_some_and(|text| text.contains(words)))
    }

    /// Whether a file names the last part of a path, or is called by it, or a framework answers it.
    fn names(&self, path: &str) -> bool {
        let last = path::name(path);
        let is_called = |file: &str| file.split(['/', '.']).any(|part| part == last) || path::name(file) == last;
        let named = |(file, text): &(String, Option<String>)| {
            is_called(file) || text.as_ref().is_some_and(|text| has_word(text, last))
        };
        self.files.iter().any(named) || self.framework_answers(path)
    }

    /// Whether a framework or a package answers a path without a route in the sources (`data/framework_paths.tsv`).
    fn framework_answers(&self, path: &str) -> bool {
        let fits = |row: &data::Row| match row[0].strip_suffix("/*") {
            Some(folder) => path
                .match_indices(folder)
                .any(|(at, _)| is_at_part(path, at) && path[at + folder.len()..].starts_with('/')),
            None => path.strip_suffix(row[0]).is_some_and(|before| is_at_part(path, before.len())),
        };
        let shows = |sign: &str| {
            let is_package = |project: &Project| project.dependencies.iter().any(|known| known.name == sign);
            self.projects.iter().any(is_package) || self.has_in_code(sign)
        };
        let is_off = |row: &data::Row| row[2] != "-" && self.has_in_code(row[2]);
        data::FRAMEWORK_PATHS.rows().filter(fits).any(|row| data::words(row[1]).any(shows) && !is_off(&row))
    }

    /// Whether the code has a word: a call where it ends with a bracket, else the name of a module.
    fn has_in_code(&self, word: &str) -> bool {
        let has = |text: &String| text.contains(word) && (word.contains('(') || has_word(text, word));
        self.files.iter().any(|(_, text)| text.as_ref().is_some_and(has))
    }

    /// Whether the sources start servers, and all of them on all addresses of both families: in Node and Go where no host
    /// is given, in Java whatever the host.
    fn is_dual_stack(&self) -> bool {
        let mut is_any = false;
        for (path, text) in self.files.iter().filter_map(|(path, text)| Some((path, text.as_ref()?))) {
            let kind = FileKind::of(path);
            let language = kind.ecosystem();
            if kind.is_test() || !matches!(language, Some(Ecosystem::Node | Ecosystem::Go)) {
                continue;
            }
            for pattern in patterns::of("listens on a port").filter(|pattern| pattern.is_of(kind)) {
                for (at, _) in text.match_indices(pattern.text) {
                    let Some(list) = code::bracketed(&text[at + pattern.text.len() - 1..]) else { continue };
                    let arguments = code::arguments(list);
                    let is_open = if language == Some(Ecosystem::Go) {
                        arguments.first().is_some_and(|address| !names_host(address))
                    } else {
                        is_hostless(&arguments)
                    };
                    if !is_open {
                        return false;
                    }
                    is_any = true;
                }
            }
        }
        is_any
    }
}

/// Whether a part of a path begins at a place.
fn is_at_part(path: &str, at: usize) -> bool {
    at == 0 || path[..at].ends_with('/')
}

/// Whether the address of a server of Go may name a host: `:8080` and `0.0.0.0:8080` stand for all.
fn names_host(address: &str) -> bool {
    let text = address.trim_matches('"');
    !(text.len() < address.len() && (text.starts_with(':') || text.starts_with("0.0.0.0:")))
}

/// Whether the arguments of `listen` in Node give no host: a port, and a function at most.
fn is_hostless(arguments: &[&str]) -> bool {
    let is_function = |text: &&&str| text.contains("=>") || text.starts_with("function") || text.starts_with("async");
    match arguments {
        [port, rest @ ..] => {
            !port.starts_with(['{', '"', '\'', '`']) && rest.iter().filter(|text| !is_function(text)).count() == 0
        }
        [] => false,
    }
}

/// Whether a text has a word that is no part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let mut places = text.match_indices(word);
    places.any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_container_itself() {
        for (test, expected) in [
            ("curl -f http://localhost:8000/healthz || exit 1", &["healthz"][..]),
            (
                "CMD python -c import urllib.request; urllib.request.urlopen('http://127.0.0.1/api/v1/health/')",
                &["api/v1/health"],
            ),
            ("wget -qO- 'http://0.0.0.0:80/a?b=c'", &["a"]),
            ("curl http://localhost:8000/", &[]),
            ("curl http://other/health", &[]),
            ("curl http://localhost:${PORT}/health", &["health"]),
            ("curl http://localhost/$PAGE", &[]),
        ] {
            assert_eq!(local_paths(test), expected, "{test}");
        }
    }

    #[test]
    fn servers_on_all_addresses_are_told_by_their_arguments() {
        let is_dual = |file: &str, text: &str| {
            let files = vec![(file.to_owned(), Some(text.to_owned()))];
            ContextFiles { files, projects: Vec::new() }.is_dual_stack()
        };
        for text in
            ["app.listen(3000)", "app.listen(port, () => log(1))", "await app.listen(process.env.PORT ?? 3000);"]
        {
            assert!(is_dual("src/server.js", text), "{text}");
        }
        for text in
            ["app.listen(3000, '0.0.0.0')", "app.listen(3000, HOST, () => 1)", "app.listen({ port, host })", "x()"]
        {
            assert!(!is_dual("src/server.js", text), "{text}");
        }
        assert!(!is_dual("src/server.test.js", "app.listen(3000)"));
        assert!(is_dual("main.go", "http.ListenAndServe(\":8080\", nil)"));
        assert!(is_dual("main.go", "r.Run(\"0.0.0.0:8080\")"));
        assert!(!is_dual("main.go", "http.ListenAndServe(\"127.0.0.1:8080\", nil)"));
        assert!(!is_dual("main.go", "http.ListenAndServe(address, nil)"));
    }

    #[test]
    fn a_path_is_named_by_its_last_part() {
        let file = |path: &str, text: &str| (path.to_owned(), Some((*text).to_owned()));
        let app = |text: &str| ContextFiles { files: vec![file("app/main.py", text)], projects: Vec::new() };
        let fastapi = "app = FastAPI()\n@app.get('/health')\ndef health(): ...\n";
        assert!(app(fastapi).names_routes() && !app("print('/health')\n").names_routes());
        assert!(app(fastapi).names("api/health") && !app(fastapi).names("healthz"));
        assert!(app("x = '/health-check'").names("health-check") && !app("x = '/health-check'").names("health"));
        for path in ["docs", "api/docs", "redoc", "openapi.json"] {
            assert!(app(fastapi).names(path), "{path}");
        }
        assert!(!app("app = FastAPI(docs_url=None)\n").names("docs"));
        assert!(!app("from sanic import Sanic\napp = Sanic('a')\n").names("docs"));
        assert!(app("from flask import Flask\napp = Flask('a')\n").names("static/app.css"));
        assert!(app("Instrumentator().instrument(app)\n").names("metrics") && !app("app = 1\n").names("metrics"));
        let next = ContextFiles { files: vec![("pages/api/ready.ts".to_owned(), None)], projects: Vec::new() };
        assert!(next.names("api/ready") && !next.names("api/health"));
    }
}
