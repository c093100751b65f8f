//! What the sources of services say of their healthchecks.

use std::collections::BTreeMap;

use crate::compose::project::{ComposeProject, ComposeValue};
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::sources::patterns;
use crate::text::{Source, path};

/// What the sources of a service say of its healthcheck.
#[derive(Clone, Debug, Default)]
pub struct CheckedSources {
    /// The projects in its build context.
    pub projects: Vec<Project>,
    /// Paths that the check asks its own server for and that no source file names, of applications that name theirs.
    pub unnamed_paths: Vec<String>,
}

/// The files of a build context.
#[derive(Clone, Debug, Default)]
pub struct ContextFiles {
    /// The projects in it.
    pub projects: Vec<Project>,
    /// Their paths, with the texts of those that are code.
    pub files: Vec<(String, Option<Source>)>,
}

/// What the sources say of the checks that import modules or ask for a path. `read` gives the files of the build context at
/// an absolute path; `None` where it cannot be read whole.
pub fn checked_sources(
    project: &ComposeProject,
    read: &dyn Fn(&str) -> Option<ContextFiles>,
) -> BTreeMap<String, CheckedSources> {
    let mut contexts: BTreeMap<&str, Option<ContextFiles>> = BTreeMap::new();
    let mut checked = BTreeMap::new();
    for (name, service) in project.services() {
        let context = service.get("build").and_then(|build| build.get("context")).and_then(ComposeValue::as_text);
        let test = service.get("healthcheck").and_then(|check| check.get("test")).and_then(ComposeValue::as_list);
        let (Some(context), Some(test)) = (context.filter(|context| context.starts_with('/')), test) else { continue };
        let test = test.iter().filter_map(ComposeValue::as_text).collect::<Vec<_>>().join(" ");
        let paths = local_paths(&test);
        if paths.is_empty() && !test.contains("import ") && !test.contains("require(") {
            continue;
        }
        let Some(files) = contexts.entry(context).or_insert_with(|| read(context)) else { continue };
        let unnamed_paths = if files.names_routes() {
            paths.into_iter().filter(|path| !files.names(path)).map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        checked.insert(name.to_owned(), CheckedSources { projects: files.projects.clone(), unnamed_paths });
    }
    checked
}

/// The paths of URLs that a check asks in its own container.
fn local_paths(test: &str) -> Vec<&str> {
    let urls = test.split("://").skip(1).map(|rest| rest.split([' ', '\'', '"', '`', '?', '#', ')', ';', '|']).next());
    let split = urls.filter_map(|url| url?.split_once('/'));
    let is_local = |authority: &str| {
        let host = authority.split(':').next().unwrap_or_default();
        ["localhost", "127.0.0.1", "0.0.0.0"].contains(&host)
    };
    let is_plain = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
    let paths = split.filter(|(authority, path)| is_local(authority) && is_plain(path)).map(|(_, path)| path);
    paths.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty()).collect()
}

impl ContextFiles {
    /// Whether it is an application of Python or Node whose sources name the paths that it answers, and no package may add a
    /// health page.
    fn names_routes(&self) -> bool {
        let is_known = |ecosystem| matches!(ecosystem, Some(Ecosystem::Python | Ecosystem::Node));
        let may_add = |project: &Project| project.dependencies.iter().any(|known| known.name.contains("health"));
        let makes = |path: &str, text: &Source| {
            is_known(FileKind::of(path).ecosystem()) && patterns::shows(text.text(), "makes an application")
        };
        !self.projects.iter().any(may_add)
            && self.files.iter().any(|(path, text)| text.as_ref().is_some_and(|text| makes(path, text)))
    }

    /// Whether a file names the last part of a path, or is called by it.
    fn names(&self, path: &str) -> bool {
        let last = path::name(path);
        let is_called = |file: &str| file.split(['/', '.']).any(|part| part == last);
        self.files
            .iter()
            .any(|(file, text)| is_called(file) || text.as_ref().is_some_and(|text| has_word(text.text(), last)))
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
    fn a_path_is_named_by_its_last_part() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(Source::of(path, text)));
        let app = |text: &str| ContextFiles { files: vec![file("app/main.py", text)], projects: Vec::new() };
        let fastapi = "app = FastAPI()\n@app.get('/health')\ndef health(): ...\n";
        assert!(app(fastapi).names_routes() && !app("print('/health')\n").names_routes());
        assert!(app(fastapi).names("api/health") && !app(fastapi).names("healthz"));
        assert!(app("x = '/health-check'").names("health-check") && !app("x = '/health-check'").names("health"));
        let next = ContextFiles { files: vec![("pages/api/ready.ts".to_owned(), None)], projects: Vec::new() };
        assert!(next.names("api/ready") && !next.names("api/health"));
    }
}
