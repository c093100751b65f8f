//! The cache model against a real engine: random builds are carried out twice, with a change between, and each step is
//! compared with what `dockopt debug vectors cache` predicts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Map, Value, json};

mod case;
mod change;

use self::case::{Case, CaseFile, LINES, State};
use self::change::CHANGES;
use super::second::SecondEngine;
use super::{Engine, is_full};
use crate::dockopt::Dockopt;
use crate::tier;

/// What the steps of all cases came to.
#[derive(Default)]
struct Score {
    agreed: usize,
    unknown: usize,
    /// Steps that the builder got wrong, as the prediction says.
    traps: usize,
    disagreed: Vec<String>,
    refused: Vec<String>,
    /// Cases with flags that the builder does not know.
    too_new: usize,
    changes: BTreeMap<&'static str, usize>,
    lines: BTreeMap<&'static str, usize>,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.agreed += other.agreed;
        self.unknown += other.unknown;
        self.traps += other.traps;
        self.disagreed.extend(other.disagreed);
        self.refused.extend(other.refused);
        self.too_new += other.too_new;
        for (change, count) in other.changes {
            *self.changes.entry(change).or_default() += count;
        }
        for (line, count) in other.lines {
            *self.lines.entry(line).or_default() += count;
        }
    }
}

#[test]
fn what_is_predicted_is_what_the_engine_does() {
    let Some(engine) = Engine::find() else { return };
    let score = run(&engine, "docker");
    judge(&score, "classic store");
}

#[test]
fn what_is_predicted_holds_for_containerds_store() {
    let Some(second) = SecondEngine::start(None, &["debian:trixie-slim", "python:3.13-slim"]) else { return };
    let score = run(&second.engine, "buildkit");
    judge(&score, "containerd's store");
}

fn judge(score: &Score, name: &str) {
    let total = score.agreed + score.unknown + score.disagreed.len();
    let mut out = format!(
        "\n{name}: {} of {total} steps agree, {} unknown, {} in traps, {} cases refused by the builder, {} beyond it\n",
        score.agreed,
        score.unknown,
        score.traps,
        score.refused.len(),
        score.too_new
    );
    let covered = |rows: &BTreeMap<&str, usize>| rows.values().filter(|count| **count > 0).count();
    _ = writeln!(out, "  changes covered: {} of {}", covered(&score.changes), CHANGES.len());
    _ = writeln!(out, "  lines covered: {} of {}", covered(&score.lines), LINES.len());
    let report = [score.disagreed.join("\n"), score.refused.join("\n")].join("\n");
    let mut stdout = std::io::stdout();
    write!(stdout, "{out}{report}").unwrap();
    assert!(score.disagreed.is_empty(), "{out}{report}");
    if is_full() {
        assert!(100 * score.unknown <= 8 * total, "{out}{report}");
    }
    let cases = score.changes.values().sum::<usize>();
    assert!(20 * score.refused.len() <= cases.max(20), "{out}{report}");
    if is_full() {
        assert_eq!((covered(&score.changes), covered(&score.lines)), (CHANGES.len(), LINES.len()), "{out}");
    }
}

/// Cases of the full tier; the always tier has one of them.
const CASES: usize = 300;

fn run(engine: &Engine, kind: &str) -> Score {
    let number = |name: &str| -> Option<usize> { std::env::var(name).ok().map(|number| number.parse().unwrap()) };
    // DOCKOPT_CASE names one, or with DOCKOPT_CASES the first of so many.
    let seeds = match number("DOCKOPT_CASE") {
        Some(first) => (first..first + number("DOCKOPT_CASES").unwrap_or(1)).collect(),
        None => tier::cases((0..CASES).collect(), 1),
    };
    let (next, score) = (Mutex::new(seeds.into_iter()), Mutex::new(Score::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(seed) = { next.lock().unwrap().next() } {
                    let case_score = score_case(engine, kind, seed);
                    score.lock().unwrap().add(case_score);
                }
            });
        }
    });
    engine.run(&["buildx", "prune", "--all", "--force", "--filter", "description~=m[0-9]+n[0-9]+a[0-9]+"]);
    score.into_inner().unwrap()
}

/// Builds a case and compares its steps; again under other names where a step ran that should be cached.
fn score_case(engine: &Engine, kind: &str, seed: usize) -> Score {
    let mut score = Score::default();
    for attempt in 0..=super::RETRIES {
        let nonce = format!("m{}n{seed}a{attempt}", std::process::id());
        let mut case = case::case(seed, &nonce);
        if engine.host.is_some() {
            // The second engine has no network of its own.
            for state in [&mut case.before, &mut case.after] {
                state.flags.push("--network=host".to_owned());
            }
        }
        let outcome = build_case(engine, &case, &nonce);
        let predicted = predict(&case, kind);
        score = Score::default();
        compare(&mut score, (seed, &nonce), &case, outcome, &predicted);
        if !score.disagreed.iter().any(|text| text.contains(": miss, not hit")) {
            break;
        }
    }
    score
}

/// Whether each step of the last build was cached; the builder's words if it refuses a build.
fn build_case(engine: &Engine, case: &Case, nonce: &str) -> Result<BTreeMap<String, bool>, String> {
    let place = tempfile::Builder::new().prefix(&format!("{nonce}-")).tempdir().unwrap();
    // The builder keeps what it received under the name of the folder.
    let folder = place.path().join(nonce);
    write_state(&folder, &State::default(), &case.before);
    let mut steps = build(engine, &folder, &case.before)?;
    write_state(&folder, &case.before, &case.after);
    let after = build(engine, &folder, &case.after)?;
    if case.returns {
        write_state(&folder, &case.after, &case.before);
        steps = build(engine, &folder, &case.before)?;
    } else {
        steps.clone_from(&after);
    }
    Ok(steps)
}

/// Writes what differs from the earlier state. The named context lies beside the build context.
fn write_state(folder: &Path, old: &State, new: &State) {
    write_files(folder, &old.files, (&new.files, &new.touched));
    write_files(&folder.with_extension("lib"), &old.lib, (&new.lib, &[]));
    if old.dockerfile() != new.dockerfile() {
        fs::write(folder.join("Dockerfile"), new.dockerfile()).unwrap();
    }
}

fn write_files(
    folder: &Path,
    old: &BTreeMap<String, CaseFile>,
    (new, touched): (&BTreeMap<String, CaseFile>, &[String]),
) {
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        _ = fs::remove_file(folder.join(path)).or_else(|_| fs::remove_dir(folder.join(path)));
    }
    for (path, file) in new {
        let place = folder.join(path);
        if old.get(path) == Some(file) && !touched.contains(path) {
            continue;
        }
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match file {
            CaseFile::File { content, mode } => {
                fs::write(&place, content).unwrap();
                fs::set_permissions(&place, fs::Permissions::from_mode(*mode)).unwrap();
            }
            CaseFile::Folder { mode } => {
                fs::create_dir_all(&place).unwrap();
                fs::set_permissions(&place, fs::Permissions::from_mode(*mode)).unwrap();
            }
            CaseFile::Link(target) => {
                _ = fs::remove_file(&place);
                symlink(target, &place).unwrap();
            }
        }
    }
}

fn build(engine: &Engine, folder: &Path, state: &State) -> Result<BTreeMap<String, bool>, String> {
    let mut arguments: Vec<String> =
        ["buildx", "build", "--progress=rawjson", "--output=type=cacheonly", "--provenance=false"]
            .map(str::to_owned)
            .to_vec();
    arguments.extend(state.flags.iter().cloned());
    for (name, value) in &state.args {
        arguments.extend(["--build-arg".to_owned(), format!("{name}={value}")]);
    }
    let lib = folder.with_extension("lib");
    arguments.extend(["--build-context".to_owned(), format!("lib={}", lib.display())]);
    arguments.push(folder.to_str().unwrap().to_owned());
    let output = engine.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(log.lines().rev().find(|line| line.contains("rror")).unwrap_or("no message").to_owned());
    }
    let mut steps = BTreeMap::new();
    for line in log.lines() {
        let Ok(status) = serde_json::from_str::<Value>(line) else { continue };
        for vertex in status["vertexes"].as_array().into_iter().flatten() {
            let name = vertex["name"].as_str().unwrap_or_default();
            if name.starts_with('[') && !vertex["completed"].is_null() {
                *steps.entry(name.to_owned()).or_default() |= vertex["cached"].as_bool() == Some(true);
            }
        }
    }
    Ok(steps)
}

/// Verdict and reason of each step.
fn predict(case: &Case, engine: &str) -> Vec<(String, String, String)> {
    let mut vector = Map::new();
    vector.insert("id".to_owned(), json!("case"));
    vector.insert("engine".to_owned(), json!(engine));
    let (before, after) = if case.returns { (&case.after, &case.before) } else { (&case.before, &case.after) };
    before.json("before", &mut vector);
    after.json("after", &mut vector);
    if case.returns {
        let mut first = Map::new();
        case.before.json("", &mut first);
        let first: Map<String, Value> =
            first.into_iter().map(|(key, value)| (key.trim_end_matches('_').to_owned(), value)).collect();
        vector.insert("history".to_owned(), json!([first]));
    }
    let ran = Dockopt::new()
        .file("cases.jsonl", format!("{}\n", Value::Object(vector)))
        .args(["debug", "vectors", "cache", "cases.jsonl"])
        .run()
        .code(0);
    let answer: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
    let text = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    let steps = answer["steps"].as_array().unwrap().iter();
    steps.map(|step| (text(step, "step"), text(step, "verdict"), text(step, "why"))).collect()
}

fn compare(
    score: &mut Score,
    (seed, nonce): (usize, &str),
    case: &Case,
    outcome: Result<BTreeMap<String, bool>, String>,
    predicted: &[(String, String, String)],
) {
    *score.changes.entry(case.change).or_default() += 1;
    for line in LINES {
        let text = line.replace("NONCE", nonce);
        *score.lines.entry(line).or_default() += usize::from(case.before.lines.contains(&text));
    }
    let real = match outcome {
        Ok(real) => real,
        // Engine 28 has a front end of before `COPY --parents`.
        Err(why) if why.contains("unknown flag") => return score.too_new += 1,
        Err(why) => {
            return score.refused.push(format!("seed {seed} ({}): {why}\n{}", case.change, case.after.dockerfile()));
        }
    };
    let mut wrong = String::new();
    for (name, cached) in &real {
        let is_step = ["RUN ", "COPY ", "ADD ", "WORKDIR ", "LINK "]
            .iter()
            .any(|word| name.split_once("] ").is_some_and(|(_, text)| text.starts_with(word)));
        if !is_step {
            continue;
        }
        let verdict = if *cached { "hit" } else { "miss" };
        // Of equal steps one is printed: which of their names is the builder's choice.
        let text = |name: &str| name.split_once("] ").map(|(_, text)| text.to_owned());
        let same = predicted.iter().find(|(step, ..)| step == name);
        match same.or_else(|| predicted.iter().find(|(step, ..)| text(step) == text(name))) {
            None => _ = writeln!(wrong, "  {name}: not predicted"),
            Some((_, said, why)) if said != verdict && why.contains("may wrongly say CACHED") => score.traps += 1,
            Some((_, said, _)) if said == verdict => score.agreed += 1,
            Some((_, said, _)) if said == "unknown" => score.unknown += 1,
            Some((_, said, why)) => _ = writeln!(wrong, "  {name}: {verdict}, not {said} ({why})"),
        }
    }
    if !wrong.is_empty() {
        let (before, after) = (case.before.dockerfile(), case.after.dockerfile());
        let names: Vec<&str> = predicted.iter().map(|(name, ..)| name.as_str()).collect();
        score.disagreed.extend(wrong.lines().map(|line| {
            format!(
                "seed {seed} ({}):\n{line}\n  predicted: {names:?}\n--- before\n{before}--- after\n{after}",
                case.change
            )
        }));
    }
}
