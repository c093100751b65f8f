//! Requests to a container, and when two responses count as equal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::check::{Check, Observation};
use crate::endpoint::is_health_path;
use crate::manifest::{FileKind, FileRole};
use crate::sources::routes::SourceFile;

/// Paths that are asked for without being named, at most.
const PATHS: usize = 10;

/// Bytes of such a path.
const LONGEST: usize = 80;

/// Questions without a good answer that are told.
const SHOWN: usize = 3;

/// Parts of a body's shape that are kept.
const PARTS: usize = 400;

/// Nested values that are looked into.
const DEPTH: usize = 8;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// A path on a port; `None`: every port that the container listens on.
    Http(Option<u16>, String),
    /// A command inside the container, for a shell.
    Command(String),
}

impl Probe {
    /// Reads `http://localhost:8000/health`, `8000/health`, `:8000/health`, `/health`, or else a command.
    pub fn read(text: &str) -> Self {
        let rest = text.strip_prefix("http://").and_then(|rest| rest.find([':', '/']).map(|cut| &rest[cut..]));
        let bare = rest.unwrap_or(text);
        if bare.contains(char::is_whitespace) {
            return Self::Command(text.to_owned());
        }
        if bare.starts_with('/') {
            return Self::Http(None, bare.to_owned());
        }
        let bare = bare.strip_prefix(':').unwrap_or(bare);
        let (port, path) = bare.find('/').map_or((bare, "/"), |cut| bare.split_at(cut));
        match port.parse() {
            Ok(port) => Self::Http(Some(port), path.to_owned()),
            Err(_) if text.starts_with("http://") => Self::Http(None, "/".to_owned()),
            Err(_) => Self::Command(text.to_owned()),
        }
    }
}

/// An answer to one question. Of a command only its exit code is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The HTTP status, or what a command ended with; `None` where nothing came.
    pub status: Option<i64>,
    /// The media type, without parameters.
    pub content_type: String,
    /// What its body is made of.
    pub shape: String,
}

impl ProbeAnswer {
    /// Of a body.
    pub fn new(status: i64, content_type: &str, body: &[u8]) -> Self {
        let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let shape = shape(&content_type, body);
        Self { status: Some(status), content_type, shape }
    }

    /// Whether it is what was asked for.
    fn works(&self) -> bool {
        self.status.is_some_and(|status| (200..400).contains(&status) || status == 0)
    }

    /// Whether a program that works may answer so: a page, or the demand for credentials or another method.
    fn counts(&self) -> bool {
        self.works() || matches!(self.status, Some(401 | 403 | 405))
    }

    /// Whether it is the demand for parameters. A server that refuses each request answers so too.
    fn asks_for_parameters(&self) -> bool {
        matches!(self.status, Some(400 | 422))
    }

    fn describe(&self) -> String {
        let status = self.status.map_or("nothing".to_owned(), |status| status.to_string());
        if self.content_type.is_empty() { status } else { format!("{status} {}", self.content_type) }
    }
}

/// Questions by name, with the answers: `8000/health`.
pub type Answers = BTreeMap<String, ProbeAnswer>;

/// Where questions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionsFrom {
    /// The user named them: each has to be answered.
    Named,
    /// They were guessed, of a program that speaks HTTP: one has to be answered.
    Guessed,
    /// They were guessed, of a program that may speak something else.
    Tried,
}

/// Compares the answers to the same questions. `other_server`: another web server answers, whose error pages are its own.
pub fn compare_answers(before: &Answers, after: &Answers, (from, other_server): (QuestionsFrom, bool)) -> Check {
    if before.is_empty() {
        return Check::skipped(
            "probe",
            "no request was sent: the original listens on no port; set a request with --probe",
        );
    }
    let mut seen = Observation::default();
    let mut useless = Vec::new();
    // One on the same port that gets another answer shows that the program itself refuses this one.
    let port = |question: &str| question.split('/').next().unwrap_or_default().to_owned();
    let is_refused_alone = |question: &str, was: &ProbeAnswer| {
        let is_other = |(other, answer): (&String, &ProbeAnswer)| {
            let is_response = answer.status.is_some_and(|status| (200..500).contains(&status));
            port(other) == port(question) && is_response && !answer.asks_for_parameters()
        };
        from != QuestionsFrom::Named && was.asks_for_parameters() && before.iter().any(is_other)
    };
    for (question, was) in before {
        let is = after.get(question).cloned().unwrap_or_default();
        // Nobody shows the body of a redirect.
        let is_redirect = was.status.is_some_and(|status| (300..400).contains(&status));
        let same = was.status == is.status && (is_redirect || was.content_type == is.content_type);
        let counts = was.counts() || is_refused_alone(question, was);
        if same && (is_redirect || was.shape == is.shape) && counts {
            seen.explain(format!("{question}: {}", was.describe()));
        } else if same && !counts {
            useless.push(format!("{question}: {} in both", was.describe()));
        } else if !was.works() && is.works() {
            seen.explain(format!("{question}: {} instead of {}", is.describe(), was.describe()));
        } else if other_server && was.status == is.status && !was.works() {
            useless.push(format!("{question}: {} in both, with an error page of the other server", is.describe()));
        } else if same {
            seen.fail(format!("{question}: {}, but the structure of the body differs", is.describe()));
        } else {
            seen.fail(format!("{question}: {} instead of {}", is.describe(), was.describe()));
        }
    }
    if from != QuestionsFrom::Named {
        if useless.len() < before.len() {
            for line in useless {
                seen.explain(line);
            }
            return seen.check("probe");
        }
        // A server without a page at a path that was guessed works all the same, and so does one that is no web server.
        let is_silent = from == QuestionsFrom::Tried && before.values().all(|was| was.status.is_none());
        if is_silent || before.values().all(|was| was.status == Some(404)) {
            useless.truncate(SHOWN);
            let note = useless.join("; ");
            return Check::skipped("probe", format!("{note}; use --probe with a request that it answers"));
        }
    }
    for line in useless {
        seen.doubt(line);
    }
    seen.check("probe")
}

/// What a body is made of: names and kinds of values, or tags; not what differs from one answer to the next.
fn shape(content_type: &str, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if content_type.ends_with("json")
        && let Ok(value) = serde_json::from_slice::<Value>(body)
    {
        let mut parts = Vec::new();
        kinds(&value, "", &mut parts, DEPTH);
        parts.sort();
        parts.dedup();
        return parts.join(" ");
    }
    if content_type == "text/html" {
        static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("<([a-zA-Z][a-zA-Z0-9-]*)").ok());
        let Some(tags) = &*TAGS else { return String::new() };
        return tags
            .captures_iter(&text)
            .take(PARTS)
            .map(|tag| tag[1].to_ascii_lowercase())
            .collect::<Vec<_>>()
            .join(" ");
    }
    if body.is_empty() { "empty".to_owned() } else { "something".to_owned() }
}

fn kinds(value: &Value, path: &str, parts: &mut Vec<String>, depth_left: usize) {
    if parts.len() >= PARTS || depth_left == 0 {
        return;
    }
    match value {
        Value::Object(fields) => {
            // What is named by its key, as in a list of routes, is a list.
            parts.push(format!("{path}{{}}"));
            fields.iter().for_each(|(name, value)| kinds(value, &format!("{path}.{name}"), parts, depth_left - 1));
        }
        Value::Array(items) => {
            parts.push(format!("{path}[]"));
            items.iter().take(3).for_each(|value| kinds(value, &format!("{path}[]"), parts, depth_left - 1));
        }
        Value::String(_) => parts.push(format!("{path}:text")),
        Value::Number(_) => parts.push(format!("{path}:number")),
        Value::Bool(_) => parts.push(format!("{path}:flag")),
        Value::Null => parts.push(format!("{path}:null")),
    }
}

/// Paths that the sources answer, with the prefixes of routers: those that say whether the program works first, and the top of
/// the application before all.
pub fn routes<'t>(texts: impl Iterator<Item = (&'t str, &'t str)>) -> Vec<String> {
    let is_of_program = |name: &str| !matches!(FileKind::of(name).role(), FileRole::Test | FileRole::Vendored);
    let texts = texts.filter(|(name, _)| is_of_program(name));
    let files: Vec<SourceFile> = texts.map(|(path, text)| SourceFile { path, text }).collect();
    let known: BTreeSet<String> = crate::sources::routes::routes(&files).into_iter().map(|route| route.path).collect();
    let mut paths: Vec<String> = known.into_iter().filter(|path| path != "/" && path.len() < LONGEST).collect();
    paths.sort_by_key(|path| !is_health_path(path));
    paths.truncate(PATHS - 1);
    paths.insert(0, "/".to_owned());
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_read() {
        let http = |port, path: &str| Probe::Http(port, path.to_owned());
        assert_eq!(Probe::read("/health"), http(None, "/health"));
        assert_eq!(Probe::read("8000/health"), http(Some(8000), "/health"));
        assert_eq!(Probe::read("http://localhost:8000/a?b=c"), http(Some(8000), "/a?b=c"));
        assert_eq!(Probe::read("http://localhost/a"), http(None, "/a"));
        assert_eq!(Probe::read("http://localhost:80"), http(Some(80), "/"));
        assert_eq!(Probe::read("8000"), http(Some(8000), "/"));
        assert_eq!(Probe::read("python -m app check"), Probe::Command("python -m app check".to_owned()));
        assert_eq!(Probe::read("check"), Probe::Command("check".to_owned()));
    }

    #[track_caller]
    fn check(before: (i64, &str, &str), after: (i64, &str, &str), same: bool) {
        let answers = |(status, kind, body): (i64, &str, &str)| {
            Answers::from([("8000/".to_owned(), ProbeAnswer::new(status, kind, body.as_bytes()))])
        };
        let check = compare_answers(&answers(before), &answers(after), (QuestionsFrom::Named, false));
        assert_eq!(check.outcome == crate::proof::CheckOutcome::Passed, same, "{check:?}");
    }

    #[test]
    fn answers_are_the_same_when_their_shape_is() {
        let json = "application/json; charset=utf-8";
        check((200, json, r#"{"time": 1}"#), (200, "application/json", r#"{"time": 2}"#), true);
        check((200, json, r#"{"time": 1}"#), (200, json, r#"{"time": "1"}"#), false);
        check((200, json, "[]"), (500, json, "[]"), false);
        check((500, json, "[]"), (200, json, "[1]"), true);
        check((200, "text/html", "<p>1</p>"), (200, "text/html", "<p>2</p>"), true);
        check((200, "text/html", "<p>1</p>"), (200, "text/plain", "<p>2</p>"), false);
        check((200, "text/html", "<p>1</p>"), (200, "text/html", "<b>2</b>"), false);
        check((302, "", ""), (302, "text/html", "<p>moved</p>"), true);
        check((302, "", ""), (200, "text/html", "<p>1</p>"), false);
    }

    #[test]
    fn another_web_server_has_its_own_error_pages() {
        let answers = |status, kind| Answers::from([("80/a".to_owned(), ProbeAnswer::new(status, kind, b"x"))]);
        for (before, after, holds) in [
            ((404, "text/plain"), (404, "text/html"), true),
            ((404, "text/plain"), (403, "text/html"), false),
            ((200, "text/plain"), (200, "text/html"), false),
        ] {
            let check = compare_answers(
                &answers(before.0, before.1),
                &answers(after.0, after.1),
                (QuestionsFrom::Guessed, true),
            );
            assert_eq!(check.outcome != crate::proof::CheckOutcome::Failed, holds, "{check:?}");
        }
    }

    #[test]
    fn error_pages_are_not_a_proof() {
        use super::QuestionsFrom::{Guessed, Named, Tried};
        use crate::proof::CheckOutcome::{Passed, Skipped, Unproved};
        let nothing = || ProbeAnswer::default();
        let page = |status| ProbeAnswer::new(status, "text/html", b"<p>x</p>");
        let check = |answers: &[ProbeAnswer], requested, outcome| {
            let names = ["8000/", "8000/a", "8000/b"].map(str::to_owned);
            let all: Answers = names.into_iter().zip(answers.iter().cloned()).collect();
            let check = compare_answers(&all, &all, (requested, false));
            assert_eq!(check.outcome, outcome, "{check:?}");
        };
        check(&[nothing()], Guessed, Unproved);
        check(&[nothing()], Tried, Skipped);
        check(&[page(500), page(404)], Guessed, Unproved);
        check(&[page(500)], Tried, Unproved);
        check(&[page(404), page(404)], Guessed, Skipped);
        check(&[page(404)], Named, Unproved);
        check(&[page(200), page(500)], Guessed, Passed);
        check(&[page(200), page(500)], Named, Unproved);
        check(&[page(401)], Named, Passed);
        // A route that lacks a parameter is one that the program answers; a server that knows no such host refuses all.
        check(&[page(404), page(400)], Guessed, Passed);
        check(&[page(404), page(422)], Guessed, Passed);
        check(&[page(400), page(400)], Guessed, Unproved);
        check(&[page(400), nothing()], Guessed, Unproved);
        check(&[page(404), page(400)], Named, Unproved);
        check(&[ProbeAnswer { status: Some(1), ..nothing() }], Named, Unproved);
        check(&[ProbeAnswer { status: Some(0), ..nothing() }], Named, Passed);
    }

    #[test]
    fn routes_are_found_in_sources() {
        let python = "from fastapi import APIRouter, FastAPI\n\napp = FastAPI()\nrouter = APIRouter(prefix=\"/v1\")\n\n\n@app.get(\"/tasks\")\ndef tasks():\n    return []\n\n\n@router.get(\"/health\")\ndef health():\n    return {}\n\n\n@app.get(\"/tasks/{id}\")\ndef task(id):\n    return id\n\n\napp.include_router(router)\n";
        let express = "const express = require(\"express\");\nconst app = express();\napp.get(\"/api/items\", (q, r) => r.json([]));\nmap.get(\"key\");\napp.listen(3000);\n";
        let paths = routes(
            [("app.py", python), ("server.js", express), ("test/a.test.js", "app.get(\"/no\", f);\n")].into_iter(),
        );
        assert_eq!(paths, ["/", "/v1/health", "/api/items", "/tasks"]);
        assert_eq!(routes([("a.txt", "")].into_iter()), ["/"]);
    }
}
