//! Compose files from a few lines: the files of a repository, each Dockerfile in its own folder as its build context.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Emission, EmitInput, EmitOverrides, emit};
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, BuildOptions, IgnoreInput, Inputs};
use crate::manifest;
use crate::text::{Source, path};
use crate::variables::{VariableFile, VariableInput, example_variables};

/// The folder of the repository.
const ROOT: &str = "/repository";

/// The compose file for a repository, and the notes in lines; `contexts` has the Dockerfiles that are built elsewhere.
pub(super) fn emitted(files: &[(&str, &str)], contexts: &[(&str, &str)]) -> (String, String) {
    let done = emission(files, contexts);
    let file = done.files.iter().find(|file| file.path == "compose.yaml");
    (file.map(|file| file.text.clone()).unwrap_or_default(), done.notes.join("\n"))
}

/// The lines of a service.
pub(super) fn service(text: &str, name: &str) -> String {
    let start = format!("  {name}:");
    let lines = text.lines().skip_while(|line| **line != start).skip(1);
    lines.take_while(|line| line.starts_with("    ")).flat_map(|line| [line.trim(), "\n"]).collect()
}

fn emission(files: &[(&str, &str)], contexts: &[(&str, &str)]) -> Emission {
    let inputs = inputs(files, contexts);
    let mut all: Vec<VariableFile> = files
        .iter()
        .map(|(name, text)| VariableFile {
            path: path::child(ROOT, name),
            below: (*name).to_owned(),
            source: Source::of(name, text),
            is_environment: path::name(name).starts_with(".env"),
            is_committed: true,
        })
        .collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let files = VariableInput { files: all, ..VariableInput::default() };
    emit(&EmitInput {
        inputs: &inputs,
        files: &files,
        examples: &example_variables(&files),
        faulty_checks: &BTreeSet::new(),
        git_ignored: None,
        folder: ROOT,
        current: ROOT,
        existing: None,
        overrides: EmitOverrides::default(),
    })
}

fn inputs(files: &[(&str, &str)], contexts: &[(&str, &str)]) -> Inputs {
    let mut inputs = Inputs { root: ".".into(), ..Inputs::default() };
    let is_dockerfile = |name: &str| path::name(name).starts_with("Dockerfile");
    for (name, text) in files.iter().filter(|(name, _)| is_dockerfile(name)) {
        let id = inputs.add(Source::of(name, text));
        let named = contexts.iter().find(|(dockerfile, _)| dockerfile == name).map(|(_, folder)| *folder);
        let folder = named.unwrap_or_else(|| path::parent(name));
        let inside: Vec<(&str, &str)> =
            files.iter().filter_map(|(name, text)| Some((path::relative(name, folder)?, *text))).collect();
        let known: Vec<_> = inside.iter().map(|(name, text)| (*name, Some(*text))).collect();
        let sizes: Vec<(&str, u64)> = inside.iter().map(|(name, text)| (*name, text.len() as u64)).collect();
        let texts: BTreeMap<String, Vec<u8>> =
            inside.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        let root = if folder.is_empty() { "." } else { folder };
        inputs.builds.push(BuildInput {
            place: (*name).to_owned(),
            context_root: Some(root.to_owned()),
            ignore: IgnoreInput::Missing(path::child(folder, ".dockerignore")),
            context: Some(Arc::new(BuildContext::of(&sizes))),
            projects: Some(Arc::new(manifest::projects(&known).projects)),
            texts: Some(Arc::new(texts)),
            ..BuildInput::new(inputs.source(id), BuildOptions::default())
        });
        if let Some(build) = inputs.builds.last_mut() {
            build.dockerfile = id;
        }
    }
    inputs
}
