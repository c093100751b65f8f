//! How long an editor waits: from a change to its diagnostics, by the language server and, on the same files and edits, by tally's.
//!
//! A pair of edits goes to one server, then to the other. Both servers wait until a client is silent before they check; dockopt's wait
//! is known and taken off in the line that says so. tally is taken from `DOCKOPT_TALLY` or PATH (`pip install tally-cli`); without it
//! dockopt is timed alone. `DOCKOPT_BENCH=smoke` takes few edits, for CI.
//!
//! Then the answer with the facts of the build context on the shipped fixture: from the opening of the file to the prices of its lines.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::unwrap_used, dead_code, missing_docs)]

#[path = "../tests/integration/lsp/client.rs"]
mod client;
mod timing;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use self::client::{Client, able};
use self::timing::millis;

/// The wait of `dockopt lsp` before it checks (`DEBOUNCE` in `src/cli/lsp/open_document.rs`).
const DEBOUNCE: Duration = Duration::from_millis(40);

/// Lines of the file that is typed in.
const LINES: usize = 500;

/// Milliseconds at the 95th percentile, after the wait; and of the answer with the facts of the context.
const LIMITS: (f64, f64) = (30.0, 200.0);

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let edits = if smoke { 5 } else { 200 };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let text = long_dockerfile();
    std::fs::write(root.join("Dockerfile"), &text).unwrap();
    let mut ours = Session::start(&mut Command::new(env!("CARGO_BIN_EXE_dockopt")), &root, &text);
    let mut theirs = tally().map(|program| Session::start(&mut Command::new(program), &root, &text));
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for number in 0..edits {
        own.push(ours.edit(number));
        other.extend(theirs.as_mut().map(|session| session.edit(number)));
    }
    println!("{edits} edits of a Dockerfile of {} lines, from the change to its diagnostics", text.lines().count());
    let after: Vec<Duration> = own.iter().map(|time| time.saturating_sub(DEBOUNCE)).collect();
    print_times("dockopt", &own);
    let late = print_times("dockopt, after its wait of 40 ms", &after);
    assert!(cfg!(debug_assertions) || smoke || late < LIMITS.0, "{late} ms");
    if other.is_empty() {
        println!("  tally is not there: set DOCKOPT_TALLY, or put it on PATH");
    } else {
        print_times("tally", &other);
        let mut ratios: Vec<f64> = own.iter().zip(&other).map(|(a, b)| b.as_secs_f64() / a.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        println!("  ratio {:.1} (median of {} pairs, least {:.1})", ratios[ratios.len() / 2], ratios.len(), ratios[0]);
    }
    time_full_answer(smoke);
}

/// Prints percentiles; the 95th in milliseconds.
fn print_times(name: &str, times: &[Duration]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| millis(sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]);
    println!("  {name:34} median {:7.1} ms, 95th percentile {:7.1} ms, most {:7.1} ms", at(50), at(95), at(100));
    at(95)
}

/// A Dockerfile with the stages of an ordinary one, many times.
fn long_dockerfile() -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.lines().count() < LINES {
        number += 1;
        let part = include_str!("lint/python.txt").replace("{n}", &number.to_string()).replace("{v}", "3.13");
        text.push_str(&part);
    }
    text
}

/// A server with the file open.
struct Session {
    client: Client,
    uri: String,
    version: i32,
    text: String,
}

impl Session {
    fn start(command: &mut Command, root: &Path, text: &str) -> Self {
        let mut client = Client::of_command(command.arg("lsp").current_dir(root));
        let params = json!({ "processId": null, "rootUri": client::uri(root), "capabilities": able(), "initializationOptions": { "audit": false } });
        client.request("initialize", &params).unwrap();
        client.notify("initialized", &json!({}));
        let uri = client.open(&root.join("Dockerfile"), text);
        client.diagnostics(&uri, 1);
        Self { client, uri, version: 1, text: text.to_owned() }
    }

    /// Adds a comment in a line of its own, and waits for the diagnostics.
    fn edit(&mut self, number: usize) -> Duration {
        self.version += 1;
        let at = self.text.match_indices('\n').nth(number * 7 % LINES).map_or(0, |(at, _)| at + 1);
        self.text.insert_str(at, &format!("# {number}\n"));
        let start = Instant::now();
        // tally takes whole texts only.
        self.client.change(&self.uri, self.version, &self.text);
        self.client.diagnostics(&self.uri, self.version);
        start.elapsed()
    }
}

fn tally() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DOCKOPT_TALLY") {
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("tally")).find(|path| path.is_file())
}

/// From the opening of the fixture's Dockerfile to its prices with the facts of the context.
fn time_full_answer(smoke: bool) {
    let root = Path::new("fixtures/task-tracker").canonicalize().unwrap();
    let file = root.join("backend/Dockerfile");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut times = Vec::new();
    for _ in 0..if smoke { 1 } else { 20 } {
        let (mut client, _) = Client::start(&root, &able(), &json!({}));
        let start = Instant::now();
        let uri = client.open(&file, &text);
        client.published_when(&uri, |published| published["diagnostics"].to_string().contains("dockopt audit"));
        times.push(start.elapsed());
    }
    println!("answer with the facts of the build context, fixtures/task-tracker/backend, in a new session");
    let late = print_times("dockopt", &times);
    assert!(cfg!(debug_assertions) || smoke || late < LIMITS.1, "{late} ms");
}
