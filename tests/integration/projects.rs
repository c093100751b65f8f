//! The small projects of `tests/projects`: what `optimize` makes of each lies in its `optimized/`; `BLESS=1` writes it.
//! The same projects are built and verified on an engine (`engine::projects`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::dockopt::Dockopt;

/// A project's `project.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// What it is, in one line, for those who read the file.
    #[allow(dead_code)]
    pub(crate) what: String,
    /// `python`, `node`, …
    pub(crate) ecosystem: String,
    /// The program that installs its dependencies.
    pub(crate) tool: String,
    /// Base images that the engine needs for it.
    #[serde(default)]
    pub(crate) bases: Vec<String>,
    /// `8000/health`: what answers with a status below 400 before and after.
    #[serde(default)]
    pub(crate) probes: Vec<String>,
    /// The highest level that has to hold when it is verified.
    pub(crate) level: u8,
    /// Why it is never built on an engine; then its texts alone are compared.
    pub(crate) golden_only: Option<String>,
    /// Default rules that find something in the result all the same, as nothing but the author can mend it.
    #[serde(default)]
    pub(crate) left: BTreeSet<String>,
    /// What a container needs besides: `KEY=value`.
    #[serde(default)]
    pub(crate) environment: Vec<String>,
    /// Whether the original is good as it is: nothing changes.
    #[serde(default)]
    pub(crate) good: bool,
}

impl Row {
    /// A part of the fixture, which has no row of its own.
    pub(crate) fn of_fixture(ecosystem: &str, probe: &str, level: u8) -> Self {
        Self {
            what: "the first users' stack".to_owned(),
            ecosystem: ecosystem.to_owned(),
            tool: String::new(),
            bases: Vec::new(),
            probes: vec![probe.to_owned()],
            level,
            golden_only: None,
            left: BTreeSet::new(),
            environment: Vec::new(),
            good: false,
        }
    }
}

/// All projects, by name; with `DOCKOPT_PROJECTS=flask,vite` those whose names have one of these parts.
pub(crate) fn rows() -> Vec<(String, Row)> {
    let mut rows: Vec<(String, Row)> = fs::read_dir("tests/projects")
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let filter = std::env::var("DOCKOPT_PROJECTS").unwrap_or_default();
            if !filter.split(',').any(|part| name.contains(part)) {
                return None;
            }
            let text = fs::read_to_string(path.join("project.toml")).ok()?;
            Some((name.clone(), toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))))
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

/// What stands for a file in `optimized/`: a .dockerignore there would be in force for nothing and hide the rest.
fn without_removed(file: &str) -> String {
    file.replace(".dockerignore", "dockerignore")
}

#[test]
fn projects_become_what_is_written_down() {
    let mut wrong = Vec::new();
    for (name, row) in rows() {
        let project = Path::new("tests/projects").join(&name);
        let ran = Dockopt::new().project(&name).args(["optimize", ".", "--write"]).run();
        if ran.code != 0 {
            wrong.push(format!("{name}: {}", ran.stderr));
            continue;
        }
        let folder = project.join("optimized");
        let bless = std::env::var_os("BLESS").is_some();
        if bless {
            let _ = fs::remove_dir_all(&folder);
        }
        let mut first = Vec::new();
        for file in ["Dockerfile", ".dockerignore"] {
            let got = fs::read_to_string(ran.path().join(file)).ok();
            let before = fs::read_to_string(project.join(file)).ok();
            let changed = got.clone().filter(|got| before.as_ref() != Some(got));
            let path = folder.join(without_removed(file));
            if bless {
                if let Some(text) = &changed {
                    fs::create_dir_all(&folder).unwrap();
                    fs::write(&path, text).unwrap();
                }
            } else if fs::read_to_string(&path).ok() != changed {
                wrong.push(format!(
                    "{} is not what comes of it; BLESS=1 writes it:\n{}",
                    path.display(),
                    changed.clone().unwrap_or_default()
                ));
            }
            if row.good && changed.is_some() {
                wrong.push(format!("{name}: {file} changes, although it is good"));
            }
            first.push(got);
        }
        let again = ran.again(["optimize", ".", "--write"]);
        if first != ["Dockerfile", ".dockerignore"].map(|file| fs::read_to_string(again.path().join(file)).ok()) {
            wrong.push(format!("{name}: a second run changes it again"));
        }
        let audit = again.again(["audit", ".", "--format=json", "--fail-on=none", "--select=default"]).json();
        let rules: BTreeSet<String> = audit["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect();
        if rules != row.left {
            wrong.push(format!("{name}: left are {rules:?}, not {:?}", row.left));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
