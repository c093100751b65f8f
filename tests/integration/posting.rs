//! `dockopt report --post` against a fake of GitHub's and GitLab's few endpoints, `--baseline-dir`, `--record` and
//! `dockopt history`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::cache_history::git;
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;
use crate::pull_request::project;

const TOKEN: &str = "ghs_canary0123456789";

/// The base commit of the pull request of a fork, as the API says it.
const BASE: &str = "ba5e0123456789012345678901234567890123ab";

/// The comments of pull request 7, and the requests.
#[derive(Default)]
struct State {
    comments: Vec<(u64, String)>,
    requests: Vec<String>,
    last: u64,
}

struct Platform {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Platform {
    /// Refuses requests of this method with this status.
    fn start(refused: Option<(&'static str, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream.unwrap(), &shared, refused));
            }
        });
        Self { address, state }
    }

    fn comments(&self) -> Vec<String> {
        self.state.lock().unwrap().comments.iter().map(|(_, body)| body.clone()).collect()
    }

    fn github(&self, dockopt: Dockopt) -> Dockopt {
        let event = json!({ "pull_request": {
            "number": 7, "base": { "sha": "0".repeat(40) }, "labels": [{ "name": "allow-size-increase" }],
        } });
        self.github_event(dockopt, &event)
    }

    fn github_event(&self, dockopt: Dockopt, event: &Value) -> Dockopt {
        let dockopt = dockopt.file("event.json", event.to_string());
        dockopt
            .env("GITHUB_EVENT_PATH", "event.json")
            .env("GITHUB_API_URL", &self.address)
            .env("GITHUB_REPOSITORY", "team/app")
            .env("GITHUB_TOKEN", TOKEN)
            .env("GITHUB_STEP_SUMMARY", "summary.md")
            .args(["report", "head/image.json", "head/lint.json", "--post=github"])
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>, refused: Option<(&str, &str)>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut contents = vec![0; length];
    reader.read_exact(&mut contents).unwrap();
    let (status, body) = answer(&mut state.lock().unwrap(), &head, &contents, refused);
    let mut stream = stream;
    let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}

fn answer(state: &mut State, head: &str, contents: &[u8], refused: Option<(&str, &str)>) -> (String, String) {
    state.requests.push(head.to_owned());
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if let Some((_, status)) = refused.filter(|(refused, _)| *refused == method) {
        return (status.to_owned(), json!({ "message": format!("{TOKEN} may not") }).to_string());
    }
    let text = || serde_json::from_slice::<Value>(contents).unwrap()["body"].as_str().unwrap().to_owned();
    let path = path.split('?').next().unwrap_or_default();
    let id: Option<u64> = path.rsplit('/').next().and_then(|id| id.parse().ok());
    let place = state.comments.iter().position(|(known, _)| Some(*known) == id);
    let ok = |body: Value| ("200 OK".to_owned(), body.to_string());
    match (method, place) {
        ("GET", _) if path == "/user" => ("403 Forbidden".to_owned(), "{}".to_owned()),
        ("GET", _) if path.ends_with("/pulls") => ok(json!([{
            "number": 7,
            "head": { "sha": "abc", "repo": { "full_name": "fork/app" } },
            "base": { "sha": BASE },
            "labels": [{ "name": "allow-size-increase" }],
        }])),
        ("GET", _) => {
            let author = json!({ "login": "github-actions[bot]", "type": "Bot" });
            let all = state.comments.iter().map(|(id, body)| json!({ "id": id, "user": author, "body": body }));
            ok(all.collect())
        }
        ("POST", _) => {
            state.last += 1;
            let id = state.last;
            state.comments.push((id, text()));
            ("201 Created".to_owned(), json!({ "id": id }).to_string())
        }
        ("PATCH" | "PUT", Some(place)) => {
            state.comments[place].1 = text();
            ok(json!({}))
        }
        ("DELETE", Some(place)) => {
            state.comments.remove(place);
            ("204 No Content".to_owned(), String::new())
        }
        _ => ("404 Not Found".to_owned(), "{}".to_owned()),
    }
}

#[test]
fn the_comment_is_created_and_then_updated() {
    let platform = Platform::start(None);
    let run = |files: &[&str]| platform.github(project()).args(files.iter().copied()).run().code(0);
    let ran = run(&["--fail-on=none"]);
    assert!(ran.stderr.contains("the comment was created"), "{}", ran.stderr);
    let ran = run(&["--fail-on=none", "head/measure.json"]);
    assert!(ran.stderr.contains("the comment was updated"), "{}", ran.stderr);
    let comments = platform.comments();
    assert_eq!(comments.len(), 1);
    assert!(
        comments[0].starts_with("<!-- dockopt report -->\n### ✓ dockopt: image size 231 MB, cold build 16 s"),
        "{comments:?}"
    );
    let other = run(&["--fail-on=none", "--comment-id=api"]);
    assert!(other.stderr.contains("the comment was created"), "{}", other.stderr);
    assert!(platform.comments()[1].starts_with("<!-- dockopt report: api -->\n"));
    let state = platform.state.lock().unwrap();
    assert!(state.requests.iter().all(|head| head.contains(&format!("Bearer {TOKEN}"))));
    assert!(state.requests.iter().any(|head| head.starts_with("POST /repos/team/app/issues/7/comments ")));
}

#[test]
fn two_runs_at_once_leave_one_comment() {
    let platform = Arc::new(Platform::start(None));
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let platform = Arc::clone(&platform);
            thread::spawn(move || platform.github(project()).args(["--fail-on=none"]).run().code(0))
        })
        .collect();
    for run in runs {
        drop(run.join().unwrap());
    }
    assert_eq!(platform.comments().len(), 1, "{:?}", platform.comments());
}

#[test]
fn the_exit_code_does_not_depend_on_the_comment() {
    for (method, status) in [
        ("POST", "403 Forbidden"),
        ("GET", "404 Not Found"),
        ("POST", "422 Unprocessable"),
        ("GET", "401 Unauthorized"),
    ] {
        let platform = Platform::start(Some((method, status)));
        for (fail_on, code) in [("none", 0), ("info", 1)] {
            let ran = platform.github(project()).args(["--fail-on", fail_on]).run().code(code);
            assert!(ran.stderr.contains("warning: the report was not posted: GitHub"), "{}", ran.stderr);
            assert!(ran.stderr.contains("*** may not") && !ran.stderr.contains(TOKEN), "{}", ran.stderr);
            assert!(ran.stderr.contains("the report is in the summary of the job"), "{}", ran.stderr);
            assert!(ran.read("summary.md").contains("image size 231 MB"));
        }
    }
    // Nobody listens there.
    let platform = Platform { address: "http://127.0.0.1:1".to_owned(), state: Arc::default() };
    let ran = platform.github(project()).args(["--fail-on=none"]).run().code(0);
    assert!(ran.stderr.contains("GitHub cannot be reached"), "{}", ran.stderr);
    let ran = project().args(["report", "head/lint.json", "--fail-on=none", "--post=gitlab"]).run().code(0);
    assert!(ran.stderr.contains("the report was not posted: GITLAB_TOKEN is not set"), "{}", ran.stderr);
    let no_number = project().env("GITHUB_TOKEN", TOKEN).env("GITHUB_REPOSITORY", "a/b");
    let ran = no_number.args(["report", "head/lint.json", "--fail-on=none", "--post=github"]).run().code(0);
    assert!(ran.stderr.contains("the job is not of a pull request"), "{}", ran.stderr);
}

#[test]
fn gitlab_has_notes_of_merge_requests() {
    let platform = Platform::start(None);
    let run = || {
        let dockopt = project().env("CI_API_V4_URL", &platform.address).env("CI_PROJECT_ID", "42");
        let dockopt = dockopt.env("CI_JOB_TOKEN", TOKEN).env("CI_MERGE_REQUEST_IID", "3");
        dockopt.args(["report", "head/image.json", "--post=gitlab", "--fail-on=none"]).run().code(0)
    };
    assert!(run().stderr.contains("the comment was created"));
    assert!(run().stderr.contains("the comment was updated"));
    let state = platform.state.lock().unwrap();
    assert!(state.requests.iter().any(|head| head.starts_with("PUT /projects/42/merge_requests/3/notes/1 ")));
    assert!(state.requests.iter().all(|head| head.to_ascii_lowercase().contains(&format!("job-token: {TOKEN}"))));
    assert_eq!(state.comments.len(), 1);
}

#[test]
fn a_second_workflow_finds_the_pull_request_by_its_head() {
    let platform = Platform::start(None);
    let event = |sha: &str, repository: Value| json!({ "workflow_run": { "head_sha": sha, "head_branch": "fix", "head_repository": repository } });
    let fork = || json!({ "full_name": "fork/app" });
    let run = |sha: &str, repository: Value| {
        platform.github_event(project(), &event(sha, repository)).args(["--fail-on=none"]).run().code(0)
    };
    let ran = run("abc", fork());
    assert!(ran.stderr.contains("the comment was created"), "{}", ran.stderr);
    for (sha, repository, reason) in [
        ("other", fork(), "no open pull request has `other` of `fork/app` as its head; it was closed"),
        ("abc", json!({ "full_name": "third/app" }), "no open pull request has `abc` of `third/app`"),
        ("abc", Value::Null, "the repository of the pull request's head was deleted"),
    ] {
        let ran = run(sha, repository);
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    }
    assert_eq!(platform.comments().len(), 1);
    // Its base and labels are those of the API, whatever the results say.
    let arguments = ["report", "head/image.json", "--format=json", "--fail-on=none"];
    let mut small = project().args(arguments).run().code(0).json();
    for figure in small["state"]["builds"][0]["figures"].as_array_mut().unwrap() {
        figure["value"] = json!(1_000);
    }
    let dockopt = platform
        .github_event(project(), &event("abc", fork()))
        .file(&format!("cache/{BASE}.json"), small.to_string())
        .file("dockopt.toml", "[budget]\nmax-growth = \"1 MB\"\n");
    let ran = dockopt.args(["--baseline-dir=cache", "--fail-on=none"]).run().code(0);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the label `allow-size-increase` allows it"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn tokens_of_the_job_are_in_no_output() {
    let lint = format!(
        r#"{{"schema": "dockopt.lint/1", "findings": [{{"rule": "r", "severity": "error", "file": "Dockerfile", "span": {{"start":
            {{"line": 1, "column": 1}}}}, "message": "the token {TOKEN} is in the image", "fingerprint": "1"}}]}}"#
    );
    let platform = Platform::start(None);
    for format in ["text", "json", "markdown"] {
        let dockopt = platform.github(project().file("token.json", &lint));
        let ran = dockopt.args(["token.json", "--fail-on=none", "--format", format]).run().code(0);
        let masked = if format == "markdown" { "the token &#42;&#42;&#42; is" } else { "the token *** is" };
        assert!(ran.stdout.contains(masked), "{}", ran.stdout);
        // Not even as references, which Markdown has for underscores.
        assert!(!ran.stdout.contains("canary0123456789"), "{}", ran.stdout);
        assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
    }
    assert!(!platform.comments()[0].contains("canary0123456789"));
}

#[test]
fn a_record_that_cannot_be_kept_does_not_prevent_the_comment() {
    // A folder cannot be read, a file in a folder that does not exist cannot be written.
    for record in ["head", "none/record.jsonl"] {
        let platform = Platform::start(None);
        let ran = platform.github(project()).args(["--fail-on=none", "--record", record]).run().code(2);
        assert!(ran.stderr.contains("the comment was created"), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("`{record}`")), "{}", ran.stderr);
        assert!(ran.stdout.contains("image size 231 MB"), "{}", ran.stdout);
    }
}

#[test]
fn a_job_obeys_no_text_of_a_result() {
    let lint = r###"{"schema": "dockopt.lint/1", "findings": [{"rule": "r", "severity": "error", "file": "::add-mask::x", "span":
        {"start": {"line": 1, "column": 1}}, "message": "##[error]y", "fingerprint": "1"}],
        "problems": [{"file": "::error::z", "error": true, "message": "##[set-output]"}]}"###;
    for format in ["text", "markdown", "json", "sarif"] {
        let dockopt = Dockopt::new().file("lint.json", lint).env("GITHUB_ACTIONS", "true");
        let ran = dockopt.args(["report", "lint.json", "--format", format, "--fail-on=none"]).run().code(0);
        let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
        assert!(!ran.stdout.split(['\n', '\r']).any(is_command), "{format}: {}", ran.stdout);
        assert!(ran.stdout.contains("add-mask"), "{format}: {}", ran.stdout);
    }
    let dockopt = Dockopt::new().file("lint.json", "{}").env("GITHUB_ACTIONS", "true");
    let ran = dockopt.args(["report", "##[error]x"]).run().code(2);
    assert!(ran.stderr.contains("error]x") && !ran.stderr.contains("##["), "{}", ran.stderr);
}

#[test]
fn labels_of_the_event_allow_growth() {
    let run = |label: &str| {
        let pull_request = json!({ "number": 7, "base": { "sha": BASE }, "labels": [{ "name": label }] });
        let dockopt = project()
            .file("dockopt.toml", "[budget]\nmax-growth = \"1 MB\"\n")
            .file("event.json", json!({ "pull_request": pull_request }).to_string())
            .env("GITHUB_EVENT_PATH", "event.json");
        dockopt.args(["report", "base/image.json", "--baseline=head/image.json", "--fail-on=none"]).run()
    };
    run("bug").code(1);
    let ran = run("allow-size-increase").code(0);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the label `allow-size-increase` allows it"), "{}", ran.stdout);
}

/// A repository of three commits, of which the first has a baseline.
fn repository() -> (Dockopt, Vec<String>) {
    let dockopt = project();
    let mut commits = Vec::new();
    git(dockopt.path(), &["init", "-q"]);
    for message in ["one", "two", "three"] {
        git(dockopt.path(), &["commit", "-q", "--allow-empty", "-m", message]);
        commits.push(git(dockopt.path(), &["rev-parse", "HEAD"]).trim().to_owned());
    }
    (dockopt, commits)
}

const ARGUMENTS: [&str; 5] = ["report", "head/image.json", "--baseline-dir=cache", "--fail-on=none", "--format=json"];

fn compared(dockopt: Dockopt, more: &[&str]) -> Ran {
    dockopt.args(ARGUMENTS).args(more.iter().copied()).run().code(0)
}

#[test]
fn the_baseline_is_that_of_the_nearest_ancestor() {
    let base = project().args(["report", "base/image.json", "--format=json", "--fail-on=none"]).run().code(0).stdout;
    let (dockopt, commits) = repository();
    let dockopt = dockopt.file(&format!("cache/{}.json", commits[0]), &base).file("cache/other.json", "x");
    let report = compared(dockopt, &[]).json();
    let expected = json!({
        "files": [format!("cache/{}.json", commits[0])], "commit": commits[0], "base_commit": commits[1], "commits_before_base": 1,
    });
    assert_eq!(report["baseline"], expected);
    assert_eq!(report["state"]["commit"], commits[2].as_str());
    keeps_schema(include_str!("../../schemas/report.schema.json"), &report);

    // One that cannot be read is passed over, and that is said.
    let (dockopt, commits) = repository();
    let dockopt =
        dockopt.file(&format!("cache/{}.json", commits[0]), &base).file(&format!("cache/{}.json", commits[1]), "{");
    let report = compared(dockopt, &["--base=HEAD"]).json();
    assert_eq!(report["baseline"]["commits_before_base"], 2);
    assert!(report["notices"].to_string().contains("a baseline was passed over"), "{}", report["notices"]);

    let (dockopt, _) = repository();
    let report = compared(dockopt, &[]).json();
    assert_eq!(report["baseline"], Value::Null);
    assert!(report["notices"].to_string().contains("no baseline for"), "{}", report["notices"]);
}

#[test]
fn without_git_a_hash_names_its_baseline() {
    let base = project().args(["report", "base/image.json", "--format=json", "--fail-on=none"]).run().code(0).stdout;
    let hash = "0123456789012345678901234567890123456789";
    let dockopt = project().file(&format!("cache/{hash}.json"), &base);
    let report = compared(dockopt, &["--base", hash]).json();
    assert_eq!(report["baseline"]["commit"], hash);
    for base in ["main", "../../etc/passwd"] {
        let report = compared(project(), &["--base", base]).json();
        assert_eq!(report["baseline"], Value::Null);
        assert!(report["notices"].to_string().contains("not in a git repository"), "{}", report["notices"]);
    }
}

#[test]
fn a_record_is_added_to_and_shown() {
    let add = |ran: Option<Ran>, side: &str| {
        let files: Vec<String> =
            ["image", "measure", "lint"].iter().map(|name| format!("{side}/{name}.json")).collect();
        let files: Vec<&str> =
            files.iter().map(String::as_str).chain(["--record=record.jsonl", "--fail-on=none"]).collect();
        match ran {
            None => project().args(["report"]).args(files).run().code(0),
            Some(ran) => ran.again(["report"].into_iter().chain(files)).code(0),
        }
    };
    let mut ran = add(None, "head");
    for side in ["head", "base", "base"] {
        ran = add(Some(ran), side);
    }
    let record = ran.read("record.jsonl");
    assert_eq!(record.lines().count(), 4);
    for line in record.lines() {
        keeps_schema(include_str!("../../schemas/record.schema.json"), &serde_json::from_str(line).unwrap());
    }
    let ran = ran.again(["history", "record.jsonl"]).code(0);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("image size ▂▂██ 231 MB 1.2 GB"), "{}", ran.stdout);
    assert!(ran.stdout.contains("+967 MB image size in"), "{}", ran.stdout);
    assert!(words.contains(": FROM"), "the base image contributed most: {}", ran.stdout);
    let ran = ran.again(["history", "record.jsonl", "--format=json", "--last=3"]).code(0);
    keeps_schema(include_str!("../../schemas/history.schema.json"), &ran.json());
    let markdown = ran.again(["history", "record.jsonl", "--format=markdown"]).code(0).stdout;
    assert!(markdown.contains("| image size | ▂▂██ | 231 MB | 1.2 GB |"), "{markdown}");
}

#[test]
fn a_record_that_is_torn_keeps_its_other_lines() {
    let mut text = String::new();
    writeln!(
        text,
        "{{\"schema\": \"dockopt.record/1\", \"time\": \"t\", \"commit\": null, \"findings\": 1, \"builds\": []}}"
    )
    .unwrap();
    text.push_str("{\"schema\": \"dock");
    let dockopt = project().file("record.jsonl", &text);
    let ran = dockopt.args(["report", "head/lint.json", "--record=record.jsonl", "--fail-on=none"]).run().code(0);
    assert_eq!(ran.read("record.jsonl").lines().count(), 3);
    let ran = ran.again(["history", "record.jsonl"]).code(0);
    assert!(ran.stderr.contains("record.jsonl:2: it is not a record"), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("2 runs\n"), "{}", ran.stdout);
    project().args(["history"]).run().code(2);
    project().file("empty.jsonl", "").args(["history", "empty.jsonl"]).run().code(2);
}
