//! The sources that the container's program reaches, as far as its commands and imports show.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::pass_input::PassInput;
use crate::build::ImageSources;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::imports::{self, Sources};
use crate::sources::patterns;
use crate::text::path;

/// Scripts that start scripts that are followed.
const DEEPEST: usize = 6;

/// The sources that the program reaches, looked for when a name leaves it open.
pub(super) struct LazyReach<'s, 'a> {
    input: &'s PassInput<'a>,
    in_image: OnceCell<BTreeSet<&'a str>>,
    reach: OnceCell<imports::SourceReach<'a>>,
}

impl<'s, 'a> LazyReach<'s, 'a> {
    /// From what a container of the build starts.
    pub(super) fn new(input: &'s PassInput<'a>) -> Self {
        Self { input, in_image: OnceCell::new(), reach: OnceCell::new() }
    }

    /// Whether a source may run in a container: the image may hold it, and the program reaches it, or nothing says that it is
    /// for something else.
    pub(super) fn may_run(&self, path: &str) -> bool {
        let is_read = self.input.evidence.texts.contains_key(path);
        (!is_read || self.is_in_image(path)) && self.runs_where_it_is(path)
    }

    fn runs_where_it_is(&self, path: &str) -> bool {
        FileKind::of(path).role().is_of_program() || self.reachable().may_run(path)
    }

    /// Whether the image may hold a source.
    pub(super) fn is_in_image(&self, path: &str) -> bool {
        self.in_image.get_or_init(|| sources_of_image(self.input)).contains(path)
    }

    /// Whether the program loads a source; `None` where its imports are not followed.
    pub(super) fn loads(&self, path: &str) -> Option<bool> {
        self.reachable().loads(path)
    }

    /// The first source of a container that shows something, by the words that stand for it.
    pub(super) fn shows(&self, meaning: &str) -> Option<&'a str> {
        self.shows_by(meaning, patterns::shows_in)
    }

    /// The same by whole words.
    pub(super) fn shows_word(&self, meaning: &str) -> Option<&'a str> {
        self.shows_by(meaning, patterns::shows_word)
    }

    fn shows_by(&self, meaning: &str, shows: fn(FileKind, &str, &str) -> bool) -> Option<&'a str> {
        let words: Vec<&str> = patterns::words(meaning).collect();
        let mut texts = self.input.evidence.holding(&words).filter(|(path, text)| {
            let kind = FileKind::of(path);
            kind.has_code() && shows(kind, text, meaning) && self.may_run(path)
        });
        texts.next().map(|(path, _)| path.as_str())
    }

    /// Whether only developers use a source: the program does not reach it, and its name or a folder's says so.
    pub(super) fn is_for_development(&self, path: &str) -> bool {
        !FileKind::of(path).role().is_of_program() && self.reachable().is_for_development(path)
    }

    fn reachable(&self) -> &imports::SourceReach<'a> {
        self.reach.get_or_init(|| {
            // Another program of the repository may have files of the same names.
            let sources = Sources::of(&self.input.evidence.texts, |path| self.is_in_image(path));
            let mut entries = Vec::new();
            let mut waiting: Vec<(String, usize)> = commands(self.input).into_iter().map(|text| (text, 0)).collect();
            while let Some((text, depth)) = waiting.pop() {
                entries.extend(sources.files_started_by(&text));
                if depth < DEEPEST {
                    waiting.extend(handed_on(self.input, &text).into_iter().map(|text| (text, depth + 1)));
                }
            }
            sources.reachable_from(entries)
        })
    }
}

/// The sources that the image may hold: what the builder is sent for it, of the programs that it builds.
fn sources_of_image<'a>(input: &PassInput<'a>) -> BTreeSet<&'a str> {
    let texts: Vec<_> = input.evidence.texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let sources = ImageSources::of(input.build, input.target(), input.projects(), &texts);
    let sent = input.context().and_then(|context| Some((context, input.build.sent_files(context)?)));
    let is_sent = |path: &str| {
        sent.as_ref()
            .is_none_or(|(context, sent)| context.find(path).is_none_or(|id| sent.files.binary_search(&id).is_ok()))
    };
    let language = |path: &str| FileKind::of(path).ecosystem();
    // A builder that is sent a compiled program is sent none of its sources.
    let code = texts.iter().filter(|(path, _)| FileKind::of(path).has_code() && is_sent(path));
    let languages: BTreeSet<Ecosystem> = code.filter_map(|(path, _)| language(path)).collect();
    let is_language_sent = |path: &str| language(path).is_none_or(|language| languages.contains(&language));
    let paths = texts.iter().map(|(path, _)| *path);
    paths.filter(|path| (!is_language_sent(path) || is_sent(path)) && sources.may_run(path)).collect()
}

/// The texts that start things in a container.
fn commands(input: &PassInput) -> Vec<String> {
    let mut texts = Vec::new();
    let Some(target) = input.target() else { return texts };
    let starts = input.last_of(target, &[Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck]);
    texts.extend(starts.iter().map(|(_, start)| input.source().slice(start.span).to_owned()));
    for service in &input.evidence.services {
        texts.extend([&service.entrypoint, &service.command, &service.healthcheck].into_iter().flatten().cloned());
    }
    texts
}

/// The texts of scripts that a text names: those of package.json where a package manager is called, and files of a shell.
fn handed_on(input: &PassInput, text: &str) -> Vec<String> {
    let is_separator = |c: char| c.is_whitespace() || "\"'`[](){},;&|=<>".contains(c);
    let words: Vec<&str> = text.split(is_separator).filter(|word| !word.is_empty()).collect();
    let mut found_words = Vec::new();
    if words.iter().any(|word| matches!(*word, "npm" | "yarn" | "pnpm" | "bun")) {
        let scripts = input.projects().iter().flat_map(|project| words.iter().filter_map(|word| project.script(word)));
        found_words.extend(scripts.map(str::to_owned));
    }
    for word in words {
        let name = path::name(word);
        let is_script = FileKind::of(name).starts_processes() || !name.contains('.');
        if is_script && name.len() > 2 {
            let texts = input.evidence.texts.iter().filter(|(path, _)| path::name(path) == name);
            found_words.extend(texts.map(|(_, text)| text.clone()));
        }
    }
    found_words
}

#[cfg(test)]
mod tests {
    use crate::optimize::Level;
    use crate::optimize::test_inputs::rewritten;

    #[test]
    fn a_source_that_writes_gets_its_folder_whatever_its_name() {
        let python = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 8000\nCMD [\"python\", \"main.py\"]\n";
        let write = "def save():\n    open(\"/srv/letters/last.txt\", \"w\")\n";
        for (path, import) in [
            ("composer.py", "import composer"),
            ("decompose.py", "from decompose import save"),
            ("docs/writer.py", "from docs import writer"),
            ("latest_api.py", "import latest_api"),
            ("contest_views.py", "import contest_views"),
            ("tests/data.py", "from tests import data"),
        ] {
            let text = rewritten(python, &[("main.py", import), (path, write)], Level::Hygiene);
            assert!(text.contains("/srv/letters") && text.contains("USER app"), "{path}: {text}");
        }
        let unread = [("main.py", "print()"), ("docs/writer.py", write), ("tests/data.py", write)];
        assert!(!rewritten(python, &unread, Level::Hygiene).contains("/srv/letters"));
        let node = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 80\nCMD [\"node\", \"server.js\"]\n";
        let write = "require('fs').writeFileSync('/srv/letters/last.txt', 'a')";
        let text = rewritten(node, &[("server.js", "require('./decompose')"), ("decompose.js", write)], Level::Hygiene);
        assert!(text.contains("/srv/letters"), "{text}");
        let ruby = "FROM ruby:3.4-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 80\nCMD [\"ruby\", \"app.rb\"]\n";
        let files =
            [("app.rb", "require_relative 'compose_mail'"), ("compose_mail.rb", "File.write('/srv/letters/a', x)")];
        let text = rewritten(ruby, &files, Level::Hygiene);
        assert!(text.contains("/srv/letters"), "{text}");
    }

    #[test]
    fn a_source_that_calls_git_keeps_git_whatever_its_name() {
        let node = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"npm\", \"start\"]\n";
        let package = ("package.json", "{\"name\": \"a\", \"scripts\": {\"start\": \"node server.js\"}}");
        let call = "require('child_process').execSync('git --version')";
        for name in ["publisher", "press_release", "release_notes", "bumper", "changelog_api", "docs/api"] {
            let (path, server) = (format!("{name}.js"), format!("require('./{name}')"));
            let text = rewritten(node, &[package, ("server.js", &server), (&path, call)], Level::Slim);
            assert!(text.contains("node:22-slim") && text.contains(" git"), "{name}: {text}");
        }
        for path in ["release.js", "tests/a.js", "a.test.js", "vite.config.js"] {
            let text = rewritten(node, &[package, ("server.js", ""), (path, call)], Level::Slim);
            assert!(text.contains("node:22-slim") && !text.contains(" git"), "{path}: {text}");
        }
    }

    #[test]
    fn a_route_counts_whatever_its_file_is_called() {
        let python = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 8000\n";
        let api =
            "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get(\"/health\")\ndef health():\n    return {}\n";
        for module in ["latest_api", "contest_views"] {
            let start = format!("CMD [\"uvicorn\", \"{module}:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n");
            let path = format!("{module}.py");
            let text = rewritten(&format!("{python}{start}"), &[(&path, api)], Level::Hygiene);
            assert!(text.contains("8000/health"), "{text}");
        }
    }
}
