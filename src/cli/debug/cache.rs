//! `dockopt debug vectors cache`: the verdicts of the cache model on pairs of builds that a real engine carried out.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::case::text;
use crate::build::Build;
use crate::cache::{
    BuildState, BuilderFlags, ContentId, ContextFiles, Digests, Directory, FOLDER_MODE, FileNode, FileStat, Graph,
    NamedFiles, Node, Prediction, Records, StepKind, StepVerdict,
};
use crate::inputs::{BuildInput, BuildOptions};
use crate::report::ReasonWriter;
use crate::text::{Source, path};

/// Stands for the address of the case's server in Dockerfiles, which BuildKit must take for one.
const SERVER: (&str, &str) = ("@HTTP@", "http://server.invalid");

/// Mode of a file that says nothing else.
const FILE_MODE: u16 = 0o644;

/// One state of a case.
struct CaseState {
    input: BuildInput,
    context: ContextFiles,
    flags: BuilderFlags,
    folder: String,
}

/// The answer to a case: what the builder does with each step after the change.
pub(super) fn answer(_: &Value, case: &Value) -> Value {
    let mut records = Records::default();
    let mut digests = Digests::default();
    for earlier in case.get("history").and_then(Value::as_array).into_iter().flatten() {
        let state = CaseState::read(case, earlier, "");
        let graph = state.graph();
        records.build(&graph, &state.context, &mut digests);
    }
    let before = CaseState::read(case, case, "_before");
    let after = CaseState::read(case, case, "_after");
    let (old, new) = (before.graph(), after.graph());
    let prediction = Prediction::new(before.as_build(&old), after.as_build(&new), &mut records, &mut digests);
    let instructions = after.input.file.instructions();
    let line_of = |index: usize| instructions.get(index).map_or(0, |instruction| instruction.start_line);
    let writer = ReasonWriter { graph: &new, line_of: &line_of };
    let steps = new.steps.iter().zip(&prediction.steps).filter(|(step, _)| step.kind != StepKind::From);
    let steps: Vec<Value> = steps
        .map(|(step, prediction)| {
            let verdict = match prediction.verdict {
                StepVerdict::Hit => "hit",
                StepVerdict::Miss => "miss",
                StepVerdict::Unknown => "unknown",
            };
            let name = step.name.replace(SERVER.1, SERVER.0);
            json!({ "step": name, "verdict": verdict, "why": writer.all(&prediction.reasons) })
        })
        .collect();
    json!({ "id": case["id"], "steps": steps })
}

impl CaseState {
    /// `side` ends the keys of a state: `_before`, `_after`, or nothing in `history`.
    fn read(case: &Value, state: &Value, side: &str) -> Self {
        let get = |key: &str| state.get(format!("{key}{side}"));
        let strings = |key: &str| -> Vec<String> {
            let list = get(key).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|text| Some(text.as_str()?.to_owned())).collect()
        };
        let map = |key: &str| get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let extra = map("extra");
        let command = CommandLine::read(&strings("flags"));
        let mut files = map("context");
        let dockerfile = text(state, &format!("dockerfile{side}")).replace(SERVER.0, SERVER.1);
        let (name, dockerfile) = match &command.file {
            Some(name) if extra.contains_key(name.as_str()) => {
                let text = extra[name.as_str()].get("content").and_then(Value::as_str).unwrap_or_default();
                (None, text.to_owned())
            }
            Some(name) => (Some(path::name(name).to_owned()), dockerfile),
            None => (Some("Dockerfile".to_owned()), dockerfile),
        };
        if let Some(name) = &name {
            files.insert(name.clone(), json!({ "content": dockerfile }));
        }
        let mut ignore = name.iter().map(|name| format!("{name}.dockerignore")).chain([".dockerignore".to_owned()]);
        let ignore = ignore.find_map(|name| files.get(&name)?.get("content")?.as_str()).map(str::to_owned);
        let pairs = map("args").into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        let mut options = BuildOptions { build_args: pairs.collect(), ..command.options };
        let named: Vec<(String, NamedFiles)> = map("named")
            .into_iter()
            .filter_map(|(name, files)| Some((name, NamedFiles::Folder(named_context(files.as_object()?)))))
            .collect();
        options.build_contexts.extend(named.iter().map(|(name, _)| (name.clone(), name.clone())));
        let epoch = map("env").get("SOURCE_DATE_EPOCH").and_then(Value::as_str).map(str::to_owned);
        let is_containerd = text(case, "engine").starts_with("buildkit");
        let folder = get("ctxname").and_then(Value::as_str).unwrap_or("context").to_owned();
        let remotes = map("http").into_iter().filter_map(|(name, file)| {
            let content = file.get("content")?.as_str()?;
            Some((format!("{}/{name}", SERVER.1), ContentId::of_bytes(content.as_bytes())))
        });
        let remotes: HashMap<String, ContentId> = remotes.collect();
        Self {
            input: BuildInput::new(&Source::of("Dockerfile", &dockerfile), options),
            context: ContextFiles::new(Arc::new(tree(&files)), ignore.as_deref())
                .with_remotes(remotes)
                .with_named(named),
            flags: BuilderFlags { merges_links: is_containerd, epoch, ..command.flags },
            folder: path::name(&folder).to_owned(),
        }
    }

    fn graph(&self) -> Graph {
        Graph::new(&Build::new(&self.input), &self.flags)
    }

    fn as_build<'b>(&'b self, graph: &'b Graph) -> BuildState<'b> {
        BuildState { graph, context: &self.context, folder: &self.folder }
    }
}

/// What the flags of `docker build` say.
#[derive(Default)]
struct CommandLine {
    file: Option<String>,
    options: BuildOptions,
    flags: BuilderFlags,
}

impl CommandLine {
    fn read(words: &[String]) -> Self {
        let mut line = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None if matches!(word.as_str(), "--no-cache" | "--pull") => (word.as_str(), String::new()),
                None => (word.as_str(), words.next().cloned().unwrap_or_default()),
            };
            match name {
                "-f" | "--file" => line.file = Some(value.trim_start_matches("@EXTRA@/").to_owned()),
                "--target" => line.options.target = Some(value),
                "--platform" => line.options.platform = Some(value),
                "--build-context" => {
                    let (name, place) = value.split_once('=').unwrap_or((&value, ""));
                    line.options.build_contexts.push((name.to_owned(), place.to_owned()));
                }
                "--network" => line.flags.network = Some(value),
                "--add-host" => {
                    let name = value.split([':', '=']).next().unwrap_or_default();
                    line.flags.hosts.push(name.to_owned());
                }
                "--shm-size" | "--ulimit" | "--cgroup-parent" => line.flags.limits.push(format!("{name} {value}")),
                "--no-cache" => line.flags.ignores_cache = true,
                "--no-cache-filter" => line.flags.ignores_cache_of.extend(value.split(',').map(str::to_owned)),
                _ => {}
            }
        }
        line
    }
}

/// A named context: only the ignore file at its root counts.
fn named_context(files: &Map<String, Value>) -> ContextFiles {
    let ignore = files.get(".dockerignore").and_then(|file| file.get("content")?.as_str());
    ContextFiles::new(Arc::new(tree(files)), ignore)
}

/// The files of a context.
fn tree(files: &Map<String, Value>) -> Directory {
    let nodes = files.iter().filter(|(path, _)| !path.is_empty());
    Directory::of_paths(nodes.map(|(path, file)| {
        let linked = file.get("hardlink").and_then(Value::as_str).and_then(|target| files.get(target));
        (path.clone(), node(linked.unwrap_or(file)))
    }))
}

fn node(file: &Value) -> Node {
    let mode = file.get("mode").and_then(Value::as_str).and_then(|mode| u16::from_str_radix(mode, 8).ok());
    if let Some(target) = file.get("link").and_then(Value::as_str) {
        return Node::Link(target.into());
    }
    if file.get("dir").is_some() {
        return Node::Directory { mode: mode.unwrap_or(FOLDER_MODE), entries: Arc::default() };
    }
    let bytes = match file.get("b64").and_then(Value::as_str) {
        Some(text) => STANDARD.decode(text).unwrap_or_default(),
        None => text(file, "content").as_bytes().to_vec(),
    };
    let modified = file.get("mtime").and_then(Value::as_i64).map(i128::from);
    let attributes = file.get("xattr").and_then(Value::as_object).into_iter().flatten();
    let counted = attributes.filter(|(name, _)| name.starts_with("user.") || *name == "security.capability");
    let attributes = counted.map(|(name, value)| format!("{name}={value}\n")).collect::<Vec<_>>().concat();
    Node::File(FileNode {
        content: ContentId::of_bytes(&bytes),
        mode: mode.unwrap_or(FILE_MODE),
        attributes: if attributes.is_empty() { 0 } else { ContentId::of_bytes(attributes.as_bytes()).0 },
        stat: modified.map(|modified| FileStat { size: bytes.len() as u64, modified }),
    })
}
