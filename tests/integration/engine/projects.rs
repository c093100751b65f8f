//! The small projects of `tests/projects` on a real engine: each is rewritten and verified, its images are weighed, and a
//! table tells what came of it. One is always run, by the day, of those that need no other base image than the always tier has;
//! `DOCKOPT_FULL` runs more, and the fixture; `DOCKOPT_PROJECTS` runs those that it names, `-` all, for hours.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Engine, is_full, program};
use crate::dockopt::Dockopt;
use crate::projects::{Row, rows};
use crate::tier;

/// Projects of the full tier: with figures each takes more than a minute.
const WEEKLY: usize = 12;

/// What came of a project.
#[derive(Default)]
struct Told {
    name: String,
    ecosystem: String,
    tool: String,
    level: Option<u64>,
    /// Before and after.
    disk: [Option<f64>; 2],
    pull: [Option<f64>; 2],
    cold_cpu: [Option<f64>; 2],
    rebuild: [Option<f64>; 2],
    base: [Option<f64>; 2],
    checks: usize,
    failed: Vec<String>,
    took: Duration,
}

#[test]
fn projects_are_rewritten_and_proved() {
    let Some(engine) = Engine::find() else { return };
    let mut results = Vec::new();
    for (name, row) in chosen() {
        bases(&row.bases);
        let ran = Dockopt::new().project(&name);
        results.push(verified(&ran, ".", &name, &row, &engine));
        // A run may be ended from outside: what is known is shown as it comes.
        print_result(results.last().unwrap());
    }
    if is_full() && std::env::var_os("DOCKOPT_PROJECTS").is_none() {
        bases(
            &[
                "python:3.13",
                "python:3.13-slim",
                "node:22",
                "node:22-slim",
                "nginx:1.26",
                "ghcr.io/astral-sh/uv:latest",
            ]
            .map(str::to_owned),
        );
        for (part, ecosystem, probe, level) in
            [("backend", "python", "8000/health", 5), ("dashboard", "node", "4173/", 4)]
        {
            let mut row = Row::of_fixture(ecosystem, probe, level);
            // The program reads its secret, so the image keeps what the author wrote into it.
            if part == "backend" {
                row.left.insert("secret-in-arg-or-env".to_owned());
            }
            let ran = Dockopt::new().dir("task-tracker");
            results.push(verified(&ran, part, &format!("task-tracker/{part}"), &row, &engine));
            print_result(results.last().unwrap());
        }
    }
    say(&table(&results));
    let wrong: Vec<String> =
        results.iter().flat_map(|result| result.failed.iter().map(|why| format!("{}: {why}", result.name))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows to be run: all, or the day's.
fn chosen() -> Vec<(String, Row)> {
    let mut all: Vec<(String, Row)> = rows().into_iter().filter(|(_, row)| row.golden_only.is_none()).collect();
    if std::env::var_os("DOCKOPT_PROJECTS").is_some() {
        return all;
    }
    if is_full() {
        return tier::cases_of_the_day(all, WEEKLY);
    }
    let bases = fs::read_to_string("tests/engine/always.txt").unwrap();
    let bases: Vec<&str> = bases.split_whitespace().collect();
    all.retain(|(_, row)| row.bases.iter().all(|base| bases.contains(&base.as_str())));
    assert!(all.len() > 10, "{} projects", all.len());
    tier::cases_of_the_day(all, 1)
}

/// Sees to it that the engine has stand-ins for what a project stands on.
fn bases(names: &[String]) {
    if names.is_empty() {
        return;
    }
    let output = Command::new("tests/engine/bases").args(names).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn verified(ran: &Dockopt, path: &str, name: &str, row: &Row, engine: &Engine) -> Told {
    let start = Instant::now();
    // Figures take four builds of each more.
    let rounds = if is_full() { "1" } else { "0" };
    let mut arguments =
        vec!["optimize", path, "--verify", "--write", "--format", "json", "--network", "host", "--rounds", rounds];
    // `go run` compiles when the container starts, beside everything else that CI builds.
    arguments.extend(["--start-timeout", "300"]);
    for probe in &row.probes {
        arguments.extend(["--probe", probe]);
    }
    for variable in &row.environment {
        arguments.extend(["--env", variable]);
    }
    let mut command = Command::new(program());
    let folder = ran.path().to_owned();
    let dockerfile = folder.join(path).join("Dockerfile");
    let original = fs::read(&dockerfile).unwrap_or_default();
    command.current_dir(&folder).env("DOCKER", &engine.client).env("BUILDX_BUILDER", "default").args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut result =
        Told { name: name.to_owned(), ecosystem: row.ecosystem.clone(), tool: row.tool.clone(), ..Told::default() };
    result.took = start.elapsed();
    let build = &json["builds"][0];
    if !output.status.success() || build.is_null() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = stderr.lines().rev().take(12).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n  ");
        let (code, failure) = (output.status.code(), &build["original_failure"]);
        result.failed.push(format!("code {code:?}: {failure}: {}\n  {last}", fallen(build, &["failed", "unproved"])));
        return result;
    }
    of_proof(build, row, &mut result);
    if row.good == (build["verdict"] != "unchanged") {
        result.failed.push(format!("the verdict is {}", build["verdict"]));
    }
    if row.good != (fs::read(&dockerfile).unwrap_or_default() == original) {
        result.failed.push("the Dockerfile has to be written if, and only if, the rewrite is proved".to_owned());
    }
    let checked = |file: &Path| {
        engine.run(&["build", "--check", "--file", file.to_str().unwrap(), file.parent().unwrap().to_str().unwrap()])
    };
    let check = checked(&dockerfile);
    // What only the author can mend is announced by the row.
    let stdout = String::from_utf8_lossy(&check.stdout).into_owned();
    let of_secrets = row.left.contains("secret-in-arg-or-env");
    let others = |line: &&str| line.contains("WARNING: ") && !(of_secrets && line.contains("SecretsUsedInArgOrEnv"));
    if !check.status.success() && (stdout.lines().any(|line| others(&line)) || !stdout.contains("WARNING: ")) {
        result.failed.push(format!("docker build --check: {}", String::from_utf8_lossy(&check.stdout)));
    }
    result
}

fn of_proof(build: &Value, row: &Row, result: &mut Told) {
    let proved = build["tried"].as_array().into_iter().flatten().find(|tried| tried["holds"] == true);
    let levels = proved.and_then(|proved| proved["rungs"].as_array()).into_iter().flatten();
    result.level = levels.filter_map(Value::as_u64).max();
    result.checks = proved
        .and_then(|proved| proved["checks"].as_array())
        .map_or(0, |all| all.iter().filter(|check| check["outcome"] == "passed").count());
    if !row.good && result.level.is_none_or(|level| level < row.level.into()) {
        result.failed.push(format!("level {} has to hold, {:?} does", row.level, result.level));
    }
    // Without one of its passes a level may hold and do nothing.
    let fallen = fallen(build, &["failed"]);
    if !row.good && fallen != NOTHING {
        result.failed.push(format!("not all that is tried holds: {fallen}"));
    }
    for (index, side) in ["before", "after"].into_iter().enumerate() {
        let figures = &build[side];
        result.disk[index] = figures["disk_bytes"].as_f64();
        result.pull[index] = figures["pull_bytes"].as_f64();
        result.base[index] = figures["base_pull_bytes"].as_f64();
        let took = |scenario: &str, of: &str| {
            let builds = figures["builds"].as_array().into_iter().flatten();
            median(builds.filter(|run| run["scenario"] == scenario).filter_map(|run| run[of].as_f64()).collect())
        };
        result.cold_cpu[index] = took("cold", "cpu_seconds");
        result.rebuild[index] = took("source", "seconds");
    }
}

const NOTHING: &str = "nothing";

/// The builds that failed and the checks with these outcomes, of each level that was tried.
fn fallen(build: &Value, outcomes: &[&str]) -> String {
    let mut all = Vec::new();
    for tried in build["tried"].as_array().into_iter().flatten() {
        if let Some(why) = tried["build_failure"].as_str() {
            all.push(format!("{}: {why}", tried["rungs"]));
        }
        let checks = tried["checks"].as_array().into_iter().flatten();
        for check in checks.filter(|check| check["outcome"].as_str().is_some_and(|outcome| outcomes.contains(&outcome)))
        {
            all.push(format!("{} {}: {}", tried["rungs"], check["name"], check["details"]));
        }
    }
    if all.is_empty() { NOTHING.to_owned() } else { all.join("; ") }
}

fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let (low, high) = (all.len().checked_sub(1)? / 2, all.len() / 2);
    Some(f64::midpoint(all[low], all[high]))
}

/// From before to after in percent.
fn change(pair: [Option<f64>; 2]) -> Option<f64> {
    let (before, after) = (pair[0].filter(|before| *before > 0.0)?, pair[1]?);
    Some((after / before - 1.0) * 100.0)
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:+.0} %"))
}

/// One project's row.
fn line(result: &Told) -> String {
    let pair = |pair: [Option<f64>; 2], scale: f64, unit: &str| match pair {
        [Some(before), Some(after)] => {
            format!("{:.1} → {:.1} {unit} {}", before / scale, after / scale, percent(change(pair)))
        }
        _ => "–".to_owned(),
    };
    let cells = [
        result.name.clone(),
        format!("{} {}", result.ecosystem, result.tool),
        result.level.map_or_else(|| "–".to_owned(), |level| level.to_string()),
        pair(result.disk, 1e6, "MB"),
        pair(result.base, 1e6, "MB"),
        pair(result.cold_cpu, 1.0, "s"),
        pair(result.rebuild, 1.0, "s"),
        result.checks.to_string(),
        if result.failed.is_empty() { "holds".to_owned() } else { "FAILS".to_owned() },
        format!("{:.0} s", result.took.as_secs_f64()),
    ];
    format!("| {} |", cells.join(" | "))
}

/// A row as soon as it is known, with what is wrong with it.
fn print_result(result: &Told) {
    say(&line(result));
    for why in &result.failed {
        say(&format!("{}: {why}", result.name));
    }
}

/// All rows, and the medians.
fn table(all: &[Told]) -> String {
    let mut out = vec![
        "| project | what | level | image | base to pull | CPU of a cold build | rebuild | checks | | took |"
            .to_owned(),
        "|---|---|--:|---|---|---|---|--:|---|--:|".to_owned(),
    ];
    out.extend(all.iter().map(line));
    let of = |pick: fn(&Told) -> [Option<f64>; 2]| {
        percent(median(all.iter().filter_map(|result| change(pick(result))).collect()))
    };
    let proved_count = all.iter().filter(|result| result.failed.is_empty()).count();
    out.push(format!(
        "| median | {} projects | | {} | {} | {} | {} | | {proved_count} hold | |",
        all.len(),
        of(|told| told.disk),
        of(|told| told.base),
        of(|told| told.cold_cpu),
        of(|told| told.rebuild)
    ));
    let mut by: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for result in all {
        by.entry(&result.ecosystem).or_default().extend(change(result.disk));
    }
    out.extend(
        by.into_iter()
            .filter(|(_, all)| !all.is_empty())
            .map(|(name, all)| format!("image, median of {name}: {}", percent(median(all)))),
    );
    out.join("\n")
}

/// Past the test's own output, which nobody sees of a test that passes.
fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").unwrap();
    if let Some(file) = std::env::var_os("DOCKOPT_TABLE") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "{text}").unwrap();
    }
}
