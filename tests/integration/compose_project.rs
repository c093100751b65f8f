//! Projects as Compose reads them: the vectors, and random projects next to `docker compose config` itself. That program
//! needs no engine. Without it, or with another version, the comparison is left out and says so; `DOCKOPT_FULL=1` compares
//! ten times as many.

pub(crate) mod generator;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use dockopt::compose::project::{ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project};
use dockopt::load::read_project;
use dockopt::text::Source;
use serde_json::Value;

use self::generator::RandomProject;
use crate::dockopt::Dockopt;
use crate::tier::is_full;

/// The version that is compared with.
const VERSION: &str = "2.40.";

/// Seeds whose projects have each part at least once: `DOCKOPT_FULL=1`, and otherwise.
const SEEDS: [u64; 2] = [500, 50];

#[test]
fn vectors_of_compose_are_answered() {
    let text = std::fs::read_to_string("tests/vectors/compose-config.json").unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let arguments = ["debug", "vectors", "compose", "cases.json"];
    let ran = Dockopt::new().file("cases.json", &text).args(arguments).run().code(0);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(case["id"], answer["id"]);
        // Compose 5.3 has it; the recorded version did not.
        if case["id"] == "pre_start" {
            assert_eq!(answer["accepted"], true);
            continue;
        }
        assert_eq!(case["rc"] == 0, answer["accepted"] == true, "{}: {}", case["id"], answer["message"]);
        assert_eq!(answer["accepted"] == true, answer["message"].is_null());
        if case["rc"] == 0 {
            let recorded: Value = serde_json::from_str(case["model_excerpt"].as_str().unwrap()).unwrap();
            let model = recorded_model(case);
            for (name, service) in recorded.as_object().unwrap() {
                let missing = |key: &String| service[key].clone();
                let ours = &model["services"][name];
                for key in service.as_object().unwrap().keys() {
                    assert_eq!(difference(key, &missing(key), &ours[key]), None, "{}", case["id"]);
                }
            }
        }
    }
}

/// The model of a case, in the folder that it was recorded in; nothing but its file is there.
fn recorded_model(case: &Value) -> Value {
    let folder = format!("/tmp/cc/{}", case["id"].as_str().unwrap());
    let file = format!("{folder}/compose.yaml");
    let request = ProjectRequest { files: vec![file.clone()], folder, ..ProjectRequest::default() };
    let mut files = ProjectFiles::default();
    files.insert(&file, ProjectFile::Text(Source::of(&file, case["compose"].as_str().unwrap())));
    loop {
        match project(&request, &files) {
            Reading::Read(project) => return project.json(),
            Reading::Refused { error, .. } => panic!("{}: {}", case["id"], error.message),
            Reading::Needs(needs) => {
                for need in needs {
                    match need {
                        ProjectNeed::File(path) => files.insert(&path, ProjectFile::Missing),
                        ProjectNeed::Link(path) => files.insert_link(&path, path.clone()),
                    }
                }
            }
        }
    }
}

#[test]
fn debug_compose_prints_the_model_and_refuses_with_a_place() {
    let files = || {
        Dockopt::new()
            .file("a.yaml", "name: x\nservices: {a: {image: 'i:${T}', profiles: [p]}}\n")
            .file("b.yaml", "services: {a: {init: true}}\n")
            .file("v.env", "T=7\n")
    };
    let arguments = ["debug", "compose", "a.yaml", "-f", "b.yaml", "--env-file", "v.env", "--profile", "p", "-p", "y"];
    let model = files().args(arguments).run().code(0).json();
    assert_eq!((&model["name"], &model["services"]["a"]["image"]), (&"y".into(), &"i:7".into()));
    assert_eq!(model["services"]["a"]["init"], true);
    let ran = Dockopt::new().file("a.yaml", "services: {a: {imag: x}}\n").args(["debug", "compose", "a.yaml"]).run();
    ran.code(2).complains(&["a.yaml:1:16: unknown key `imag`", "did you mean `image`?"]);
}

#[test]
fn random_projects_are_read_as_compose_does_it() {
    let version = Command::new("docker").args(["compose", "version", "--short"]).output();
    let version = version.ok().filter(|output| output.status.success());
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if !version.starts_with(VERSION) {
        writeln!(std::io::stdout(), "left out: docker compose is `{version}`, not {VERSION}x").unwrap();
        return;
    }
    let seeds = if is_full() { SEEDS[0] } else { SEEDS[1] };
    let (next, results) = (AtomicU64::new(0), Mutex::new(Comparison::default()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    compare(seed, &results);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let table = results.coverage();
    writeln!(std::io::stdout(), "{table}").unwrap();
    assert!(results.failures.is_empty(), "{}", results.failures.join("\n"));
    assert!(results.equal * 2 > seeds as usize, "only {} of {seeds} projects are accepted", results.equal);
    if is_full() {
        let missing: Vec<String> =
            generator::all_features().into_iter().filter(|name| !results.features.contains_key(name)).collect();
        assert!(missing.is_empty(), "nothing tries {missing:?}");
    }
}

#[derive(Default)]
struct Comparison {
    equal: usize,
    refused: usize,
    failures: Vec<String>,
    features: BTreeMap<String, usize>,
}

impl Comparison {
    fn coverage(&self) -> String {
        let mut out =
            format!("{} equal, {} refused by both, {} differ\n", self.equal, self.refused, self.failures.len());
        let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for name in generator::all_features() {
            let words: Vec<&str> = name.split(' ').collect();
            let kind = if words[0] == "attribute" || words[0] == "resource" {
                words[..2].join(" ")
            } else {
                words[0].to_owned()
            };
            let row = kinds.entry(kind).or_default();
            let count = self.features.get(&name).copied().unwrap_or_default();
            row.0 += 1;
            row.1 += count;
        }
        for (kind, (forms, count)) in kinds {
            writeln!(out, "{kind:32} {forms:3} forms {count:5} times").unwrap();
        }
        out
    }
}

fn compare(seed: u64, results: &Mutex<Comparison>) {
    let project = generator::project(seed);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap().join("project");
    for (path, text) in &project.files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let theirs = theirs(&project, &root);
    let ours = ours(&project, &root);
    let mut results = results.lock().unwrap();
    match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => match difference("", &theirs, &ours) {
            None => results.equal += 1,
            Some(difference) => results.failures.push(format!("seed {seed}: {difference}")),
        },
        (Err(_), Err(_)) => results.refused += 1,
        (Ok(_), Err(error)) => results.failures.push(format!("seed {seed}: only dockopt refuses: {error}")),
        (Err(error), Ok(_)) => results.failures.push(format!("seed {seed}: only Compose refuses: {error}")),
    }
    for feature in project.features {
        *results.features.entry(feature).or_default() += 1;
    }
}

fn theirs(project: &RandomProject, root: &Path) -> Result<Value, String> {
    let mut command = Command::new("docker");
    command.arg("compose").current_dir(root).env_clear();
    command.envs(variables(project, root));
    for file in &project.compose_files {
        command.args(["-f", file]);
    }
    for file in &project.env_files {
        command.args(["--env-file", file]);
    }
    for profile in &project.profiles {
        command.args(["--profile", profile]);
    }
    if let Some(name) = &project.name {
        command.args(["-p", name]);
    }
    let output = command.args(["config", "--format", "json"]).output().unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(errors.lines().filter(|line| !line.contains("level=warning")).collect::<Vec<_>>().join("\n"))
}

fn variables(project: &RandomProject, root: &Path) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = project.variables.iter().cloned().collect();
    variables.insert("PATH".to_owned(), std::env::var("PATH").unwrap());
    variables.insert("PWD".to_owned(), root.to_str().unwrap().to_owned());
    variables
}

fn ours(project: &RandomProject, root: &Path) -> Result<Value, String> {
    let request = ProjectRequest {
        files: project.compose_files.clone(),
        folder: root.to_str().unwrap().to_owned(),
        project_folder: None,
        env_files: project.env_files.clone(),
        profiles: project.profiles.clone(),
        name: project.name.clone(),
        environment: variables(project, root),
        ..ProjectRequest::default()
    };
    read_project(&request).map(|project| project.json()).map_err(|failure| failure.error.message)
}

/// The first difference; numbers are equal up to the precision that JSON is read with.
fn difference(path: &str, theirs: &Value, ours: &Value) -> Option<String> {
    let here = || Some(format!("{path}: Compose has {theirs}, dockopt {ours}"));
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => difference(&format!("{path}.{key}"), a, b),
                (a, b) => Some(format!("{path}.{key}: Compose has {a:?}, dockopt {b:?}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(index, (a, b))| difference(&format!("{path}[{index}]"), a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            if (a - b).abs() <= a.abs() * 1e-12 { None } else { here() }
        }
        _ => {
            if theirs == ours {
                None
            } else {
                here()
            }
        }
    }
}
