//! Checks of data/services.tsv against the servers that they are for: they fail until a server is ready and while it
//! hangs or is dead, and succeed between.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Container, Engine, Image, PATIENCE, is_full};
use crate::dockopt::{Dockopt, panic_message};
use ::dockopt::build::Asker;

mod workers;

/// The services, the Dockerfile of the images that stand in for theirs, and its scripts.
const FOLDER: &str = "tests/engine/recipes";

/// Services that run at the same time.
const THREADS: usize = 10;

/// A run of a check, as the engine notes it.
struct CheckRun {
    began: String,
    code: i64,
    output: String,
}

/// What the labels of a service say.
struct Recipe {
    /// What asks the server that answers while the service initialises.
    temporary: Option<String>,
    differs: Option<String>,
}

/// A container with a check of the product.
struct Checked<'e> {
    container: Container<'e>,
}

/// The project of a test, removed with its end.
struct Services<'e> {
    engine: &'e Engine,
    project: String,
    compose: String,
    /// Short times for the checks.
    times: String,
    _images: Vec<Image<'e>>,
}

impl Services<'_> {
    fn arguments<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["compose", "--project-name", &self.project, "--file", &self.compose];
        arguments.extend(["--file", &self.times]);
        arguments.extend(rest);
        arguments
    }
}

impl Drop for Services<'_> {
    fn drop(&mut self) {
        self.engine.run(&self.arguments(&["down", "--volumes", "--timeout", "0"]));
    }
}

impl Checked<'_> {
    /// The status of its health, the runs that the engine still has.
    fn health(&self) -> (String, Vec<CheckRun>) {
        let health: Value = serde_json::from_str(&self.container.state("{{json .State.Health}}")).unwrap();
        let run = |run: &Value| CheckRun {
            began: run["Start"].as_str().unwrap_or_default().to_owned(),
            code: run["ExitCode"].as_i64().unwrap_or(-1),
            output: run["Output"].as_str().unwrap_or_default().to_owned(),
        };
        let runs = health["Log"].as_array().map(|log| log.iter().map(run).collect());
        (health["Status"].as_str().unwrap_or_default().to_owned(), runs.unwrap_or_default())
    }

    /// Runs that certainly began after this was called.
    fn next_runs(&self, count: usize) -> Vec<CheckRun> {
        let last = self.health().1.pop().map(|run| run.began).unwrap_or_default();
        let start = Instant::now();
        loop {
            // The first of the new ones may have begun before.
            let runs = self.health().1.into_iter().filter(|run| run.began > last);
            let runs: Vec<CheckRun> = runs.skip(usize::from(!last.is_empty())).collect();
            if runs.len() >= count {
                return runs;
            }
            assert!(start.elapsed() < PATIENCE, "its check did not run");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// That its check fails so many times.
    fn fails(&self, when: &str, count: usize) -> String {
        let start = Instant::now();
        let runs = self.next_runs(count);
        if let Some(run) = runs.iter().find(|run| run.code == 0) {
            panic!("its check succeeds {when}: {}", run.output);
        }
        seconds(start)
    }

    fn becomes_healthy(&self) -> String {
        let start = Instant::now();
        while self.health().0 != "healthy" {
            if start.elapsed() > PATIENCE {
                let (_, mut runs) = self.health();
                let last = runs.pop().map(|run| (run.code, run.output));
                panic!(
                    "it does not become healthy: {last:?}, {:?}",
                    self.engine().run(&["logs", "--tail=9", self.id()])
                );
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        seconds(start)
    }

    fn engine(&self) -> &Engine {
        self.container.engine
    }

    fn id(&self) -> &str {
        &self.container.id
    }

    fn touch(&self, path: &str) {
        self.engine().text(&["exec", self.id(), "touch", path]);
    }

    fn signal(&self, name: &str) {
        self.engine().text(&["kill", "--signal", name, self.id()]);
    }

    /// Its row of the table.
    fn row(&self, recipe: &Recipe) -> String {
        self.engine().text(&["start", self.id()]);
        let held = self.fails("before its server runs", 2);
        self.touch("/start");
        let mut temporary = "-".to_owned();
        if let Some(program) = &recipe.temporary {
            self.container.answers(&["sh", "-c", program]);
            temporary = self.fails("while it initialises", 2);
            self.container.answers(&["sh", "-c", program]);
        }
        self.touch("/initialised");
        let ready = self.becomes_healthy();
        self.signal("USR1");
        let stopped = self.fails("while its server hangs", 1);
        self.signal("WINCH");
        let again = self.becomes_healthy();
        self.signal("USR2");
        let killed = self.fails("after its server was killed", 1);
        let differs = recipe.differs.as_deref().unwrap_or_default();
        format!(
            "fails {held} | fails {temporary} | healthy {ready} | fails {stopped} | healthy {again} | fails {killed} | {differs}"
        )
    }
}

fn seconds(start: Instant) -> String {
    format!("{:.0} s", start.elapsed().as_secs_f64())
}

/// Builds the images of the services under the names that the compose file has for them.
fn images<'e>(engine: &'e Engine, services: &serde_json::Map<String, Value>) -> Vec<Image<'e>> {
    let mut stages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for service in services.values() {
        if let (Some(stage), Some(image)) = (service["labels"]["stage"].as_str(), service["image"].as_str()) {
            stages.entry(stage).or_default().push(image);
        }
    }
    let open = Mutex::new(stages.into_iter().collect::<Vec<_>>());
    let images = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((stage, tags)) = next(&open) {
                    let argument = format!("STAGE={stage}");
                    let mut arguments = vec!["--network=host", "--build-arg", &argument];
                    arguments.extend(tags.iter().flat_map(|tag| ["--tag", tag]));
                    let built = engine.build(Path::new(FOLDER), &arguments);
                    assert!(built.ok, "{stage}: {}", built.log);
                    images.lock().unwrap().extend(tags.iter().map(|tag| Image { engine, tag: (*tag).to_owned() }));
                }
            });
        }
    });
    images.into_inner().unwrap()
}

fn next<T>(list: &Mutex<Vec<T>>) -> Option<T> {
    list.lock().unwrap().pop()
}

#[test]
fn checks_of_services_follow_their_servers() {
    let Some(engine) = Engine::find() else { return };
    if !is_full() {
        return;
    }
    let id = format!("recipes-{}", std::process::id());
    let text =
        fs::read_to_string(Path::new(FOLDER).join("compose.yaml")).unwrap().replace("-recipes", &format!("-{id}"));
    let fixed = Dockopt::new().file("compose.yaml", text).args(["compose", "fix", "--write", "--unsafe"]).run().code(0);
    let compose = fixed.path().join("compose.yaml").display().to_string();
    let config: Value =
        serde_json::from_str(&engine.text(&["compose", "--file", &compose, "config", "--format=json"])).unwrap();
    let services = config["services"].as_object().unwrap();
    let names: Vec<&String> = services.keys().filter(|name| *name != "app").collect();
    let without: Vec<_> =
        names.iter().filter(|name| services[name.as_str()]["healthcheck"]["test"].is_null()).collect();
    assert!(without.is_empty(), "without a check: {without:?}");

    let short = |name: &&String| {
        ((*name).clone(), json!({"healthcheck": {"interval": "2s", "retries": 1, "start_period": "0s"}}))
    };
    let times = json!({"services": names.iter().map(short).collect::<serde_json::Map<_, _>>()});
    let path = fixed.path().join("times.json");
    fs::write(&path, times.to_string()).unwrap();
    let times = path.display().to_string();
    let project = Services { engine: &engine, project: id, compose, times, _images: images(&engine, services) };
    let mut create = vec!["create", "--pull=never"];
    create.extend(names.iter().map(|name| name.as_str()));
    engine.text(&project.arguments(&create));

    let label = |name: &str, label: &str| services[name]["labels"][label].as_str().map(str::to_owned);
    let recipe = |name: &&String| {
        let recipe = Recipe { temporary: label(name, "temporary"), differs: label(name, "differs") };
        ((*name).clone(), (format!("{}-{name}-1", project.project), recipe))
    };
    let recipes: Vec<_> = names.iter().map(recipe).collect();
    assert!(recipes.len() >= 15);
    let columns = "held back | temporary server | ready | server hangs | it goes on | server killed | differs";
    each(columns, recipes, |(id, recipe)| {
        Checked { container: Container { engine: &engine, id: id.clone() } }.row(recipe)
    });
}

/// Fills and prints a table, several rows at the same time; each must hold.
fn each<C: Send + Sync>(columns: &str, cases: Vec<(String, C)>, row: impl Fn(&C) -> String + Sync) {
    let open = Mutex::new(cases);
    let rows = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((name, case)) = next(&open) {
                    let row = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| row(&case)));
                    rows.lock().unwrap().insert(name, row.map_err(|panic| panic_message(&*panic)));
                }
            });
        }
    });
    let rows = rows.into_inner().unwrap();
    let mut table = format!("{columns}\n");
    for (name, row) in &rows {
        writeln!(table, "{name}: {}", row.as_ref().unwrap_or_else(|error| error)).unwrap();
    }
    let mut out = std::io::stdout();
    writeln!(out, "{table}").unwrap();
    let wrong = rows.values().filter(|row| row.is_err()).count();
    assert!(wrong == 0, "{wrong} of {} do not hold:\n{table}", rows.len());
}

/// A server that answers every request with the status that a file holds.
const SERVER: &str = "import http.server as h, sys, threading
class Answer(h.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(open('/status').read()))
        self.send_header('Content-Length', '0')
        self.end_headers()
for port in sys.argv[1:]:
    threading.Thread(target=h.ThreadingHTTPServer(('', int(port)), Answer).serve_forever).start()
";

/// The check of a row of services.tsv, as words for `docker exec`.
fn check_of(row: &str) -> Vec<String> {
    let table = include_str!("../../../data/services.tsv");
    let cells = table.lines().map(|line| line.split('\t').collect::<Vec<_>>()).find(|cells| cells[0] == row);
    let check = cells.unwrap_or_else(|| panic!("{row} is not in the table"))[2];
    serde_json::from_str(check).unwrap_or_else(|_| ["sh", "-c", check].map(str::to_owned).to_vec())
}

#[test]
fn probes_of_runtimes_tell_answers_apart() {
    let Some(engine) = Engine::find() else { return };
    let start = |network: &str, image: &str| {
        let words = ["run", "--detach", "--init", "--network", network, image, "sleep", "infinity"];
        Container { engine: &engine, id: engine.text(&words) }
    };
    let server = start("bridge", "python:3.13-slim");
    let network = format!("container:{}", server.id);
    let mut probes = vec![
        ("runtime python", start(&network, "python:3.13-slim")),
        ("runtime node", start(&network, "node:22-slim")),
        ("runtime debian/ubuntu with bash only", start(&network, "debian:trixie-slim")),
    ];
    let mut kept = Vec::new();
    if is_full() {
        for (row, stage) in [
            ("runtime busybox/alpine", "busybox"),
            ("runtime nginx serving SPA", "busybox"),
            ("runtime php-apache/frankenphp", "phpmyadmin"),
            ("runtime ruby", "ruby"),
        ] {
            let tag = format!("recipes-{stage}:{}", std::process::id());
            let argument = format!("STAGE={stage}");
            let words = ["--network=host", "--build-arg", &argument, "--tag", &tag];
            let built = engine.build(Path::new(FOLDER), &words);
            assert!(built.ok, "{}", built.log);
            let words = ["run", "--detach", "--init", "--network", &network, "--entrypoint", "sleep", &tag, "infinity"];
            probes.push((row, Container { engine: &engine, id: engine.text(&words) }));
            kept.push(Image { engine: &engine, tag });
        }
    }
    let check = |expected: bool, answer: &str| {
        for (row, container) in &probes {
            let words = check_of(row);
            let arguments: Vec<&str> =
                ["exec", &container.id].into_iter().chain(words.iter().map(String::as_str)).collect();
            let output = engine.run(&arguments);
            assert_eq!(output.status.success(), expected, "{row}, {answer}: {output:?}");
        }
    };
    // Where no path is known, any answer will do but that of a server that fails.
    let check_any = |expected: bool, answer: &str| {
        for ((_, container), asker) in probes.iter().zip([Asker::Python, Asker::Node, Asker::Bash]) {
            let words = asker.request_any(8000);
            let arguments: Vec<&str> =
                ["exec", &container.id].into_iter().chain(words.iter().map(String::as_str)).collect();
            let output = engine.run(&arguments);
            assert_eq!(output.status.success(), expected, "{asker:?}, {answer}: {output:?}");
        }
    };
    check(false, "nothing listens");
    check_any(false, "nothing listens");
    engine.text(&["exec", "--detach", &server.id, "python", "-c", SERVER, "8000", "3000", "8080", "80"]);
    for (status, is_well) in [("200", true), ("204", true), ("404", false), ("500", false), ("503", false)] {
        engine.text(&["exec", &server.id, "sh", "-c", &format!("echo {status} >/status")]);
        if is_well && status == "200" {
            server.answers(&["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:80/')"]);
        }
        check(is_well, status);
        check_any(!status.starts_with('5'), status);
    }
    drop(probes);
}
