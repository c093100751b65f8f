//! Tests against a running Docker engine. `tests/run` names one with `DOCKOPT_ENGINE`; without it they are left out and
//! say so. What is always run is bounded to a few minutes; `DOCKOPT_FULL` adds cases, not kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::tier::is_full;

mod api;
mod build_secrets;
mod cache_model;
mod cached;
mod cluster;
mod compose_verify;
mod computed_paths;
mod containers;
mod context;
mod deployment;
mod faults;
mod fixes;
mod generated;
mod lines;
mod loading;
mod measure;
mod own;
mod pipeline;
mod projects;
mod proofs;
mod recipes;
mod recount;
mod registry;
mod remote_cache;
mod replacement;
mod reuse;
mod second;
mod secrets;
mod tracker;
mod unsafe_fixes;
mod verdict;
mod verify;

/// How long a test waits for what comes in seconds where nothing else runs. An engine that builds for other tests at
/// the same time takes many times as long, and a test that hangs only has to end.
const PATIENCE: Duration = Duration::from_mins(4);

/// A running engine, reached through its client.
struct Engine {
    client: String,
    /// Which engine; the client's own choice where `None`.
    host: Option<String>,
}

/// A build that has ended.
struct Built {
    ok: bool,
    log: String,
}

/// A step as engine and audit name it: its stage, its number in it.
type Step = (String, u64);

/// An image of a test, removed with its end.
struct Image<'e> {
    engine: &'e Engine,
    tag: String,
}

/// A running container, removed with its end.
struct Container<'e> {
    engine: &'e Engine,
    id: String,
}

/// How often a comparison with the cache is made again where steps ran that should be cached: an engine whose disk is
/// nearly full drops records while other tests build.
const RETRIES: usize = 3;

/// The program that reads and proves whole images: a release build that `DOCKOPT_PROGRAM` names does it many times faster
/// than the one that the tests are built with.
fn program() -> std::ffi::OsString {
    env::var_os("DOCKOPT_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_dockopt").into())
}

/// Says that the running test is left out, and why.
pub(crate) fn left_out(why: &str) {
    say(&format!("left out, {why} (tests/run does)"));
}

/// Says something of the running test.
fn say(what: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    // What `println!` says of a test that passes nobody sees.
    let mut out = std::io::stdout();
    writeln!(out, "{name}: {what}").unwrap();
}

impl Engine {
    /// The engine that `tests/run` found; `None`, said on standard output, when there is none.
    fn find() -> Option<Self> {
        if env::var_os("DOCKOPT_ENGINE").is_none() {
            left_out("DOCKOPT_ENGINE names no engine");
            return None;
        }
        Some(Self { client: env::var("DOCKER").unwrap_or_else(|_| "docker".to_owned()), host: None })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.client);
        // The engine's own builder: one in a container would not see the local base images.
        command.env("BUILDX_BUILDER", "default").env("DOCKER_BUILDKIT", "1").stdin(Stdio::null());
        command.envs(self.host.iter().map(|host| ("DOCKER_HOST", host)));
        command.args(arguments).output().unwrap_or_else(|error| panic!("{}: {error}", self.client))
    }

    /// What the client printed; it has to succeed.
    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Builds a context; whether it worked is for the caller to look at.
    fn build(&self, context: &Path, arguments: &[&str]) -> Built {
        let mut all = vec!["build", "--progress=plain"];
        all.extend(arguments);
        all.push(context.to_str().unwrap());
        let output = self.run(&all);
        Built { ok: output.status.success(), log: String::from_utf8_lossy(&output.stderr).into_owned() }
    }

    /// Builds a context into an image; it has to work.
    #[track_caller]
    fn image(&self, context: &Path) -> (Image<'_>, Built) {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let tag = format!("dockopt-test:{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let built = self.build(context, &["--tag", &tag]);
        assert!(built.ok, "{}", built.log);
        (Image { engine: self, tag }, built)
    }
}

impl Built {
    /// Steps that ran, and steps that came from the cache. A FROM is neither.
    fn steps(&self) -> (BTreeSet<Step>, BTreeSet<Step>) {
        let mut steps: BTreeMap<&str, Step> = BTreeMap::new();
        let (mut ended, mut cached) = (BTreeSet::new(), BTreeSet::new());
        for line in self.log.lines() {
            let Some((number, rest)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else { continue };
            if let Some(step) = step(rest) {
                steps.insert(number, step);
            } else if rest == "CACHED" {
                cached.extend(steps.get(number).cloned());
            } else if rest.starts_with("DONE") {
                ended.extend(steps.get(number).cloned());
            }
        }
        (ended.difference(&cached).cloned().collect(), cached)
    }
}

/// The step that `[build 2/4] RUN make` opens.
fn step(text: &str) -> Option<Step> {
    let (place, instruction) = text.strip_prefix('[')?.split_once("] ")?;
    if instruction.starts_with("FROM ") {
        return None;
    }
    let (stage, number) = place.rsplit_once(' ').unwrap_or(("stage-0", place));
    Some((stage.to_owned(), number.split_once('/')?.0.trim().parse().ok()?))
}

impl Image<'_> {
    fn size(&self) -> u64 {
        self.engine.text(&["image", "inspect", "--format", "{{.Size}}", &self.tag]).parse().unwrap()
    }

    fn start(&self) -> Container<'_> {
        Container { engine: self.engine, id: self.engine.text(&["run", "--detach", &self.tag]) }
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        self.engine.run(&["image", "rm", "--force", &self.tag]);
    }
}

impl Container<'_> {
    fn runs(&self) -> bool {
        self.state("{{.State.Running}}") == "true"
    }

    fn health(&self) -> String {
        self.state("{{.State.Health.Status}}")
    }

    fn state(&self, format: &str) -> String {
        self.engine.text(&["inspect", "--format", format, &self.id])
    }

    /// Asks again until a program inside the container succeeds.
    #[track_caller]
    fn answers(&self, program: &[&str]) {
        let arguments = [&["exec", &self.id][..], program].concat();
        self.becomes("to answer", || self.engine.run(&arguments).status.success());
    }

    #[track_caller]
    fn becomes(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            let log = || self.engine.run(&["logs", &self.id]);
            assert!(start.elapsed() < PATIENCE, "waited for it {what}: {:?}", log());
            assert!(self.runs(), "waited for it {what}, it ended: {:?}", log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.engine.run(&["rm", "--force", "--volumes", &self.id]);
    }
}
