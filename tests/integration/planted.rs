//! No command shows a secret in any format: many shapes of secrets, each at every place that a shape can stand, each with a
//! value of its own, so that no place hides it for another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use crate::image::zoo::codec::Codec;
use crate::image::zoo::layout::{Picture, engine25};
use crate::image::zoo::tar::file;
use crate::tier;

/// Texts that hold a secret; the file says how they are written. It is read when the test runs: a new shape needs no build.
static SHAPES: LazyLock<String> = LazyLock::new(|| {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/secret_shapes.txt")).unwrap()
});

/// Shapes of one folder: always, and with `DOCKOPT_FULL=1`. A larger one takes longer than its parts. All shapes in all quotings
/// are read by a unit test of `secret`.
const GROUP: [usize; 2] = [24, 96];

/// The secrets of a project, by a part of each that no output may show: the shape and the place.
#[derive(Default)]
pub(crate) struct Planted {
    marks: BTreeMap<String, String>,
}

pub(crate) fn shapes() -> Vec<&'static str> {
    SHAPES.lines().filter(|line| !line.starts_with('#')).collect()
}

impl Planted {
    /// A shape with new secrets.
    pub(crate) fn grow(&mut self, shape: &str, place: &str) -> String {
        let mut text = String::new();
        let mut rest = shape;
        while let Some((before, after)) = rest.split_once('@').filter(|(_, after)| after.starts_with(['@', '{'])) {
            text.push_str(before);
            let number = self.marks.len();
            let (secret, mark, left) = if let Some(left) = after.strip_prefix('@') {
                (format!("q7{number:05}p-plum-kiwi"), format!("q7{number:05}p"), left)
            } else {
                let (class, left) = after[1..].split_once('}').unwrap();
                let (class, length) = class.split_once('*').unwrap();
                let token = drawn(class, length.parse().unwrap(), number as u64);
                let mark = token[token.len().saturating_sub(12) / 2..].chars().take(12).collect();
                (token, mark, left)
            };
            // Shorter parts are those of a longer token.
            let is_mark = mark.len() > 7;
            text.push_str(&secret);
            if is_mark {
                self.marks.insert(mark, format!("{shape} ({place})"));
            } else {
                self.marks.insert(format!("\0{number}"), String::new());
            }
            rest = left;
        }
        text + rest
    }

    /// How many secrets were planted.
    pub(crate) fn count(&self) -> usize {
        self.marks.len()
    }

    /// The secrets that a text shows, each with what stands around it.
    pub(crate) fn leaks(&self, text: &str) -> Vec<String> {
        let shown =
            self.marks.iter().filter_map(|(mark, place)| Some((text.split_once(mark.as_str())?.0, mark, place)));
        shown.map(|(before, mark, place)| format!("{place}: {}{mark}…", last_letters(before, 60))).collect()
    }
}

fn last_letters(text: &str, count: usize) -> &str {
    text.char_indices().rev().nth(count - 1).map_or(text, |(at, _)| &text[at..])
}

/// Characters of a class as a generator draws them.
fn drawn(class: &str, length: usize, number: u64) -> String {
    let alphabet: &[u8] = match class {
        "hex" => b"0123456789abcdef",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "alphanumeric" | "word" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        other => panic!("{other} is no class"),
    };
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(number + 1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(alphabet[(state >> 33) as usize % alphabet.len()])
    };
    let token: String = (0..length).map(|_| next()).collect();
    // One long token of a hundred has a digit at most: where nothing else tells what it is, it is taken for a name and shown.
    if length >= 30 && token.bytes().filter(u8::is_ascii_digit).count() < 2 {
        return drawn(class, length, number + 1_000_000);
    }
    token
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

/// A project with the shapes at every place of its files.
#[expect(clippy::too_many_lines)] // a line for each place
pub(crate) fn project(folder: &Path, shapes: &[&str]) -> Planted {
    let mut planted = Planted::default();
    let mut dockerfile = "FROM debian:12\n".to_owned();
    let mut compose = "services:\n".to_owned();
    let mut log = "#0 building with \"default\" instance using docker driver\n\n".to_owned();
    let mut record = String::new();
    let (mut environment, mut labels, mut history) = (vec!["PATH=/bin".to_owned()], json!({}), Vec::new());
    for (number, shape) in shapes.iter().enumerate() {
        let is_command = shape.starts_with(|c: char| c.is_ascii_lowercase()) && shape.contains(' ');
        let mut grow = |place| planted.grow(shape, place);
        let _ = match number % 4 {
            0 => writeln!(dockerfile, "ARG VALUE_{number}={}", quoted(&grow("ARG"))),
            1 => writeln!(dockerfile, "ENV NOTE_{number}={}", quoted(&grow("ENV"))),
            2 => writeln!(dockerfile, "LABEL note.x{number}={}", quoted(&grow("LABEL"))),
            _ => writeln!(dockerfile, "RUN <<EOF\nsudo true\n{}\nEOF", grow("heredoc")),
        };
        let run = grow("RUN");
        let run = if is_command { run } else { format!("printf %s {} > /etc/x{number}", quoted(&run)) };
        let _ = writeln!(dockerfile, "RUN apt-get update && apt-get install curl; {run}");
        let yaml = |text: String| format!("'{}'", text.replace('\'', "''").replace('$', "$$"));
        let _ = write!(compose, "  app{number}:\n    image: nginx\n    command: {}\n", yaml(grow("command")));
        let _ = match number % 3 {
            0 => writeln!(compose, "    environment:\n      NOTE_{number}: {}", yaml(grow("environment"))),
            1 => writeln!(compose, "    labels:\n      note.x: {}", yaml(grow("compose label"))),
            _ => writeln!(compose, "    healthcheck:\n      test: {}", yaml(grow("healthcheck"))),
        };
        let step = number + 5;
        let _ = write!(
            log,
            "#{step} [{}/{}] RUN {}\n#{step} 0.1 {}\n",
            number + 2,
            shapes.len() + 1,
            grow("step"),
            grow("output")
        );
        let _ = write!(log, "#{step} DONE {number}.5s\n\n");
        let line = json!({
            "version": 2, "time": "2026-11-29T18:00:00Z", "service": "api", "from": grow("record from"), "to": grow("record to"),
            "image": grow("record image"), "containers": grow("record containers"), "seconds": 1.5, "steps": {"start": 1.0},
            "probe": grow("record probe"), "exit": 1, "result": grow("record result"),
        });
        let cut = json!({"version": 2, "service": "api", "exit": grow("record exit")}).to_string();
        let _ = write!(record, "{line}\n{cut}\n{}\n", &cut[..cut.len() - 1]);
        environment.push(format!("NOTE_{number}={}", grow("config")));
        labels[format!("note.x{number}")] = json!(grow("config label"));
        history
            .push(json!({"created_by": format!("RUN /bin/sh -c {} # buildkit", grow("history")), "empty_layer": true}));
        history.push(json!({"created_by": format!("ENV NOTE_{number}={}", grow("history ENV")), "empty_layer": true}));
    }
    let failed = planted.grow(shapes[0], "failed step");
    let _ = write!(
        log,
        "#900 [9/9] RUN {failed}\n#900 ERROR: process \"/bin/sh -c {failed}\" did not complete: exit code: 1\n"
    );
    let _ = write!(dockerfile, "COPY . /app\nCMD {}\n", planted.grow(shapes[0], "CMD"));
    history.push(json!({"created_by": "COPY . /app # buildkit"}));
    let settings =
        json!({"Env": environment, "Labels": labels, "Cmd": ["sh", "-c", planted.grow(shapes[0], "config CMD")]});
    fs::create_dir_all(folder.join("deploy")).unwrap();
    let files: [(&str, Vec<u8>); 7] = [
        ("deploy/record.jsonl", record.into()),
        ("Dockerfile", dockerfile.into()),
        ("compose.yaml", compose.into()),
        ("build.log", log.into()),
        ("app.tar", image(settings, history)),
        ("main.py", b"print()\n".to_vec()),
        (
            ".env",
            format!("NOTE='{}'\nDB_PASSWORD={}\n", planted.grow(shapes[0], ".env"), planted.grow("@@", ".env")).into(),
        ),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    commit_twice(folder);
    planted
}

/// An image with a config and a history.
fn image(settings: Value, history: Vec<Value>) -> Vec<u8> {
    let mut picture = Picture::of("app", &[vec![file("app/main.py", b"print()".to_vec())]], Codec::Plain);
    picture.history = Some(Value::Array(history));
    picture.settings = settings;
    engine25(&[picture]).tar()
}

/// Makes a history of two commits.
pub(crate) fn commit_twice(folder: &Path) {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
        assert!(git.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "Dockerfile", "compose.yaml", ".env"]);
    git(&["commit", "-qm", "one"]);
    fs::write(folder.join("main.py"), "print(1)\n").unwrap();
    git(&["add", "main.py"]);
    git(&["commit", "-qm", "two"]);
}

/// Commands with the formats that each has.
pub(crate) const SINKS: [(&str, &str); 37] = [
    ("lint Dockerfile", REPORTS),
    ("lint compose.yaml", "text json"),
    ("audit . --no-history", REPORTS),
    ("audit . --all --select all", "text json markdown html"),
    ("audit . --image app.tar --log build.log", "text json html"),
    ("fix .", "text json markdown html"),
    ("fix . --unsafe", "text json"),
    ("fix . --unsafe --select all", "text json markdown html"),
    ("optimize .", "text json"),
    ("optimize . --level max", "text json markdown html"),
    ("optimize . --plan", "text json"),
    ("context ls --all", "text json"),
    ("compose check", REPORTS),
    ("compose check --select all", "text json"),
    ("compose fix", "text json"),
    ("compose fix --unsafe", "text json markdown html"),
    ("compose emit", "text json markdown html"),
    ("compose emit --explain --prod --dev", "text html"),
    ("compose emit --just", "text json"),
    ("deploy report", "text json markdown html"),
    ("ci emit github", "text json markdown html"),
    ("ci emit gitlab --explain", "text html"),
    ("compose env", "text json markdown html"),
    ("compose graph", "text json markdown html"),
    ("compose graph --style mermaid", "text"),
    ("compose graph --style dot", "text"),
    ("cache explain build.log", "text json"),
    ("cache explain build.log . --all", "text json"),
    ("cache predict --touch main.py", "text json"),
    ("cache history", "text json"),
    ("image app.tar", "text json markdown csv cyclonedx html"),
    ("image app.tar --all --file Dockerfile", "text json jsonl sarif markdown csv html"),
    ("image diff app.tar app.tar", "text json markdown html"),
    ("fleet run fleet.jsonl --out fleet", "text json"),
    ("fleet report fleet", "text json markdown csv html"),
    ("fleet report fleet --table lines --all", "text csv"),
    ("fleet emit github --list fleet.jsonl", "text json"),
];

const REPORTS: &str = "text json jsonl sarif github gitlab checkstyle junit oneline hadolint-json markdown csv html";

/// Results of a project and its image, for the sinks that join them.
fn run_fleet(folder: &Path) {
    fs::write(folder.join("fleet.jsonl"), "{\"folder\":\".\"}\n{\"image\":\"file:app.tar\"}\n").unwrap();
    let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    dockopt.current_dir(folder).env_clear().env("SOURCE_DATE_EPOCH", "1795132800");
    let output = dockopt.args(["fleet", "run", "fleet.jsonl", "--out", "fleet"]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Runs a command in every format, and returns the number of formats and what it shows.
pub(crate) fn run(folder: &Path, planted: &Planted, command: &str, formats: &str) -> (usize, Vec<String>) {
    let mut leaks = Vec::new();
    for format in formats.split(' ') {
        let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        dockopt.current_dir(folder).env_clear().env("SOURCE_DATE_EPOCH", "1795132800").env("PATH", "/usr/bin:/bin");
        let output = dockopt.args(command.split(' ')).args(["--format", format]).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some_and(|code| code < 3), "{command} --format {format}: {text}");
        assert!(
            !text.contains("error: unexpected argument") && !text.contains("error: invalid value"),
            "{command}: {text}"
        );
        let shown = planted.leaks(&text);
        leaks.extend(shown.into_iter().map(|place| format!("{place} in {command} --format {format}")));
    }
    (formats.split(' ').count(), leaks)
}

/// Which groups of shapes are read by which sinks: in the full tier each by each. In the always tier each group and each sink has
/// its turn, in another combination each day.
fn pairs(groups: usize) -> Vec<(usize, usize)> {
    let sinks = SINKS.len();
    if tier::is_full() {
        return (0..groups * sinks).map(|number| (number / sinks, number % sinks)).collect();
    }
    (0..groups.max(sinks)).map(|number| (number % groups, (number + tier::seed()) % sinks)).collect()
}

/// Runs what [`pairs`] says on all processors: the number of runs, and what they show.
fn run_pairs(folders: &[(tempfile::TempDir, Planted)]) -> (usize, Vec<String>) {
    let next = Mutex::new(pairs(folders.len()).into_iter());
    let results = Mutex::new((0, Vec::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((folder, sink)) = { next.lock().unwrap().next() } {
                    let (folder, planted) = &folders[folder];
                    let (command, formats) = SINKS[sink];
                    if command.starts_with("fleet report") {
                        run_fleet(folder.path());
                    }
                    let (formats, leaks) = run(folder.path(), planted, command, formats);
                    let mut results = results.lock().unwrap();
                    results.0 += formats;
                    results.1.extend(leaks);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[test]
fn no_command_shows_a_planted_secret_in_any_format() {
    let shapes = shapes();
    let group = GROUP[usize::from(tier::is_full())];
    let folders: Vec<(tempfile::TempDir, Planted)> = shapes
        .chunks(group)
        .map(|shapes| {
            let folder = tempfile::tempdir().unwrap();
            let planted = project(folder.path(), shapes);
            (folder, planted)
        })
        .collect();
    let (runs, mut leaks) = run_pairs(&folders);
    leaks.sort();
    let sinks: usize = SINKS.iter().map(|(_, formats)| formats.split(' ').count()).sum();
    let secrets: usize = folders.iter().map(|(_, planted)| planted.marks.len()).sum();
    let mut out = std::io::stdout();
    let shown = leaks.len();
    let line = format!("{} shapes, {secrets} secrets × {sinks} sinks, {runs} runs: {shown} found\n", shapes.len());
    std::io::Write::write_all(&mut out, line.as_bytes()).unwrap();
    assert!(shapes.len() >= 200 && runs >= sinks, "{line}");
    assert!(leaks.is_empty(), "{line}{}", leaks.join("\n"));
}

#[test]
fn each_group_and_each_sink_has_its_turn() {
    for groups in [SINKS.len() - 3, SINKS.len() + 3] {
        let pairs = pairs(groups);
        assert_eq!(pairs.iter().map(|pair| pair.0).collect::<BTreeSet<_>>(), (0..groups).collect());
        assert_eq!(pairs.iter().map(|pair| pair.1).collect::<BTreeSet<_>>(), (0..SINKS.len()).collect());
    }
}
