//! YAML and JSON of pipelines ─► the scripts in them, and steps that set images without a command: actions of GitHub, tasks of
//! Azure, the artifacts of Skaffold.

use super::model::{ImageChange, ImageSign, bare_name, closed};
use super::pattern::ImagePattern;
use crate::data;
use crate::shell::quoted_word;
use crate::text::path;
use crate::workload::Platform;
use crate::yaml::{self, NodeKind, YamlNode};

/// Levels of a text that are read.
const DEEPEST: usize = 40;

/// Scripts of one text that are read.
const SCRIPTS: usize = 2_000;

/// The texts of a file that may be scripts: each text, and each list of words as one command.
pub(super) fn scripts_of_yaml(text: &str) -> Vec<String> {
    let tree = yaml::read(&text.replace('\t', " "));
    let mut scripts = Vec::new();
    for root in tree.documents() {
        add_scripts(root, None, DEEPEST, &mut scripts);
    }
    scripts
}

fn add_scripts(node: YamlNode, program: Option<&str>, depth: usize, scripts: &mut Vec<String>) {
    let Some(below) = depth.checked_sub(1) else { return };
    if scripts.len() >= SCRIPTS {
        return;
    }
    match node.kind() {
        Some(NodeKind::Scalar(_)) => scripts.extend(node.text().filter(|text| text.contains(' ')).map(str::to_owned)),
        Some(NodeKind::Sequence) => {
            let words: Option<Vec<&str>> = node.items().map(YamlNode::text).collect();
            if let Some(words) = words.filter(|words| words.len() > 1) {
                let words = program.into_iter().chain(words).map(open_word);
                scripts.push(words.collect::<Vec<_>>().join(" "));
            }
            for item in node.items() {
                add_scripts(item, None, below, scripts);
            }
        }
        Some(NodeKind::Mapping) => {
            // A step of Cloud Build is called after the image that runs it.
            let program = ["entrypoint", "name"].iter().find_map(|key| node.get(key)?.text());
            let program = program.map(|name| path::name(bare_name(name))).filter(|name| !name.contains(' '));
            for entry in node.entries() {
                add_scripts(entry.value, program, below, scripts);
            }
        }
        None => {}
    }
}

/// A word of a list as a shell would have it: variables stay what they are.
fn open_word(word: &str) -> String {
    if word.contains('$') && !word.contains(['"', '\\', '`']) { format!("\"{word}\"") } else { quoted_word(word) }
}

/// Adds what steps and files set without a command.
pub(super) fn add_actions(text: &str, changes: &mut Vec<ImageChange>) {
    let is_there = |row: &data::Row| ["action", "object"].contains(&row[1]) && text.contains(row[0]);
    if !data::IMAGE_SETTERS.rows().any(|row| is_there(&row)) {
        return;
    }
    let tree = yaml::read(text);
    for root in tree.documents() {
        if root.get("apiVersion").and_then(YamlNode::text).is_some_and(|version| version.starts_with("skaffold/")) {
            add_artifacts(root, changes);
        }
        add_steps(root, DEEPEST, changes);
    }
}

/// The images that Skaffold builds, and puts into the manifests that it applies.
fn add_artifacts(root: YamlNode, changes: &mut Vec<ImageChange>) {
    let artifacts = root.get("build").and_then(|build| build.get("artifacts"));
    for artifact in artifacts.into_iter().flat_map(YamlNode::items) {
        let name = artifact.get("image").and_then(YamlNode::text).and_then(ImagePattern::of_name);
        changes.extend(name.map(|name| ImageChange { image: ImageSign::Name(name), ..ImageChange::default() }));
    }
}

fn add_steps(node: YamlNode, depth: usize, changes: &mut Vec<ImageChange>) {
    let Some(below) = depth.checked_sub(1) else { return };
    for item in node.items() {
        add_steps(item, below, changes);
    }
    let uses = ["uses", "task"].iter().find_map(|key| node.get(key)?.text());
    let inputs = ["with", "inputs"].iter().find_map(|key| node.get(key));
    if let (Some(uses), Some(inputs)) = (uses, inputs) {
        let mut rows = data::IMAGE_SETTERS.rows();
        let row = rows.find(|row| row[1] == "action" && uses.contains(row[0]));
        changes.extend(row.into_iter().flat_map(|row| step(row, inputs)));
    }
    for entry in node.entries() {
        add_steps(entry.value, below, changes);
    }
}

/// What a step sets: the images that it names, each by itself.
fn step(row: data::Row, inputs: YamlNode) -> Vec<ImageChange> {
    let input = |name: &str| inputs.get(name).and_then(YamlNode::text).unwrap_or_default();
    let lines = |name: &str| -> Vec<String> {
        let lines = input(name).split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| line.replace("${{", "$").replace("}}", "")).map(|line| line.replace(' ', "")).collect()
    };
    let (images, containers, files) = (lines(row[2]), lines(row[3]), lines(row[4]));
    let is_action_of_ecs = row[0].contains("ecs");
    if row[2] != "-" && images.is_empty() {
        return Vec::new();
    }
    let containers: Vec<String> = containers.into_iter().filter(|name| !name.contains('$')).collect();
    let change = ImageChange {
        containers,
        files: closed(files.iter().map(String::as_str).collect()),
        platform: is_action_of_ecs.then_some(Platform::Ecs),
        ..ImageChange::default()
    };
    if images.is_empty() {
        return vec![change];
    }
    let of_image = |image: &String| {
        let image = ImagePattern::of_name(bare_name(image)).map_or(ImageSign::None, ImageSign::Name);
        ImageChange { image, ..change.clone() }
    };
    images.iter().map(of_image).collect()
}
