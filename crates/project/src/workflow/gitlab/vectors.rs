//! Our resolution of pipelines against that of gitlab-ci-local (`tests/vectors/gitlab`, see the README there).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::text::Source;
use crate::workflow::variables::filled;
use crate::workflow::{Job, Workflow, read};
use crate::yaml::{self, YamlNode};

/// What gitlab-ci-local answered.
const EXPECTED: &str = "expected.yml";

/// The files below a folder by their paths.
fn texts(folder: &Path, top: &Path, out: &mut BTreeMap<String, Source>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, top, out);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name = path.strip_prefix(top).unwrap().to_string_lossy().replace('\\', "/");
            out.insert(name.clone(), Source::of(&name, &text));
        }
    }
}

fn pipeline(texts: &BTreeMap<String, Source>) -> Workflow {
    let names: BTreeSet<String> = texts.keys().filter(|name| *name != EXPECTED).cloned().collect();
    let files = |path: &str| texts.get(path).cloned();
    read(".gitlab-ci.yml", &texts[".gitlab-ci.yml"], &files, Some(&names)).unwrap()
}

/// What both must agree in, one line each.
type Lines = BTreeSet<String>;

fn ours(job: &Job) -> Lines {
    let mut lines = Lines::new();
    let mut add = |key: &str, text: &str| {
        lines.insert(format!("{key}: {text}"));
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for step in &job.steps {
        let section = step.id.as_deref().unwrap();
        let number = counts.entry(section).or_default();
        add(&format!("{section} {number}"), &step.script.as_ref().unwrap().text.text);
        *number += 1;
    }
    job.image.iter().for_each(|image| add("image", &image.text));
    job.services.iter().for_each(|service| add("service", &service.text));
    job.needs.iter().for_each(|needed| add("needs", needed));
    job.stage.iter().for_each(|stage| add("stage", &stage.text));
    for (name, text) in job.variables.iter().filter(|(name, text)| text.text != format!("${name}")) {
        add(&format!("variable {name}"), &text.text);
    }
    // gitlab-ci-local hands down fewer keys of `default` than GitLab does.
    let keys = ["rules", "only", "except"];
    keys.into_iter().filter(|key| job.key(key).is_some()).for_each(|key| add("key", key));
    add("legs", &job.matrix.legs.len().max(1).to_string());
    lines
}

fn theirs(root: YamlNode, node: YamlNode, job: &Job) -> Lines {
    let mut lines = Lines::new();
    let known = |name: &str| Some(job.variable(name)?.text.clone()).filter(|text| *text != format!("${name}"));
    let fill = |text: &str| (0..5).fold(text.to_owned(), |text, _| filled(&text, &known));
    let mut add = |key: &str, text: &str| {
        lines.insert(format!("{key}: {text}"));
    };
    let named = |node: YamlNode, key: &str| node.text().or_else(|| node.get(key)?.text()).map(str::to_owned);
    for section in ["before_script", "script", "after_script"] {
        for (number, item) in node.get(section).into_iter().flat_map(YamlNode::items).enumerate() {
            add(&format!("{section} {number}"), item.text().unwrap());
        }
    }
    node.get("image").and_then(|node| named(node, "name")).iter().for_each(|image| add("image", &fill(image)));
    let items = |key: &str| node.get(key).into_iter().flat_map(YamlNode::items);
    items("services").for_each(|item| add("service", &fill(&named(item, "name").unwrap())));
    items("needs").for_each(|item| add("needs", &named(item, "job").unwrap()));
    node.get("stage").and_then(YamlNode::text).iter().for_each(|stage| add("stage", stage));
    let inherit = node.get("inherit").and_then(|inherit| inherit.get("variables"));
    let inherits = |name: &str| {
        inherit.is_none_or(|node| node.as_bool().unwrap_or(node.items().any(|item| item.text() == Some(name))))
    };
    let mut variables = BTreeMap::new();
    for (node, is_own) in [(Some(root), false), (Some(node), true)] {
        let entries = node.and_then(|node| node.get("variables")).into_iter().flat_map(YamlNode::entries);
        for entry in entries {
            let name = entry.key.text().unwrap();
            if is_own || inherits(name) {
                variables.insert(name, entry.value.text().unwrap());
            }
        }
    }
    for (name, text) in variables.into_iter().filter(|(name, _)| known(name).is_some()) {
        add(&format!("variable {name}"), &fill(text));
    }
    // gitlab-ci-local hands down fewer keys of `default` than GitLab does.
    let keys = ["rules", "only", "except"];
    keys.into_iter().filter(|key| node.get(key).is_some()).for_each(|key| add("key", key));
    let legs = node.get("parallel").map_or(1, |node| {
        if let Some(count) = node.text() {
            count.parse().unwrap()
        } else {
            let entries = node.get("matrix").unwrap().items();
            let count = |value: YamlNode| value.items().count().max(1);
            entries.map(|entry| entry.entries().map(|entry| count(entry.value)).product::<usize>()).sum()
        }
    });
    add("legs", &legs.to_string());
    lines
}

/// How a pipeline differs, one line each.
fn differences(folder: &Path) -> Vec<String> {
    let mut known = BTreeMap::new();
    texts(folder, folder, &mut known);
    let workflow = pipeline(&known);
    let tree = yaml::read(known[EXPECTED].text());
    let root = tree.root().unwrap();
    let mut out: Vec<String> = workflow.problems.iter().map(|problem| problem.message.clone()).collect();
    let is_job = |node: YamlNode| ["script", "trigger", "run"].iter().any(|key| node.get(key).is_some());
    let jobs = root.entries().filter(|entry| is_job(entry.value));
    let theirs: BTreeMap<&str, YamlNode> = jobs.map(|entry| (entry.key.text().unwrap(), entry.value)).collect();
    let ids: BTreeSet<&str> = workflow.jobs.iter().map(|job| job.id.as_str()).collect();
    for id in theirs.keys().filter(|id| !ids.contains(*id)) {
        out.push(format!("the job `{id}` is missing"));
    }
    for job in &workflow.jobs {
        let Some(node) = theirs.get(job.id.as_str()) else {
            out.push(format!("the job `{}` is none", job.id));
            continue;
        };
        let (ours, theirs) = (ours(job), self::theirs(root, *node, job));
        out.extend(theirs.difference(&ours).map(|line| format!("{}: missing {line}", job.id)));
        out.extend(ours.difference(&theirs).map(|line| format!("{}: more {line}", job.id)));
    }
    out
}

/// The folders that are compared: ours, and those of a folder that is named, which are only counted.
#[test]
fn pipelines_are_resolved_as_by_gitlab_ci_local() {
    let vectors = PathBuf::from(format!("{}/../../tests/vectors/gitlab", env!("CARGO_MANIFEST_DIR")));
    let more = std::env::var_os("DOCKOPT_GITLAB_CORPUS").map(PathBuf::from);
    for (top, is_own) in [(Some(vectors), true), (more, false)] {
        let Some(top) = top else { continue };
        let entries = std::fs::read_dir(&top).unwrap().map(|entry| entry.unwrap().path());
        let mut folders: Vec<_> = entries.filter(|path| path.join(EXPECTED).is_file()).collect();
        folders.sort();
        let differing: Vec<_> = folders.iter().map(|path| (path, differences(path))).collect();
        let differing: Vec<_> = differing.into_iter().filter(|(_, lines)| !lines.is_empty()).collect();
        println!("{}: {} of {} agree", top.display(), folders.len() - differing.len(), folders.len());
        for (path, lines) in &differing {
            println!("{}:\n  {}", path.display(), lines.join("\n  "));
        }
        assert!(!is_own || (differing.is_empty() && folders.len() >= 30));
    }
}
