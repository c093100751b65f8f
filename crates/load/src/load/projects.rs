//! Reads the manifests of a context.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::LoadError;
use super::file::{display_path, read_text, unfit};
use crate::build::{Build, SentFiles};
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::inputs::{BuildInput, InputProblem, Inputs};
use crate::manifest::{self, Manifests, Project, is_manifest};
use crate::text::{Source, path};

/// Manifests that are read in one context.
const MOST: usize = 20_000;

/// Bytes that a manifest or lock file may have.
const LIMIT: u64 = 64 << 20;

/// Times that files are read which other manifests name.
const ROUNDS: usize = 4;

/// What the manifests of a folder tell, with their texts by path.
pub(super) struct ReadManifests {
    pub(super) manifests: Manifests,
    pub(super) texts: BTreeMap<String, Source>,
    errors: Vec<LoadError>,
}

/// Reads the manifests among these files of a folder, and those that they name.
pub(super) fn read_manifests(root: &Path, all: &[String]) -> ReadManifests {
    let mut wanted: Vec<&str> = all.iter().map(String::as_str).filter(|path| is_manifest(path).is_some()).collect();
    wanted.truncate(MOST);
    let mut texts: BTreeMap<String, Source> = BTreeMap::new();
    let mut manifests = Manifests::default();
    let mut errors = Vec::new();
    for _ in 0..ROUNDS {
        let read = |path: &&str| read_text(&root.join(path), LIMIT).map(|source| ((*path).to_owned(), source));
        for result in wanted.par_iter().map(read).collect::<Vec<_>>() {
            match result {
                Ok((path, source)) => {
                    texts.insert(path, source);
                }
                Err(error) => errors.push(error),
            }
        }
        let named_texts: Vec<(&str, Option<&str>)> =
            all.iter().map(|path| (path.as_str(), texts.get(path).map(Source::text))).collect();
        manifests = manifest::projects(&named_texts);
        let more: Vec<&str> = all
            .iter()
            .map(String::as_str)
            .filter(|path| {
                !texts.contains_key(*path)
                    && manifests.unread.binary_search_by(|unread| unread.as_str().cmp(path)).is_ok()
            })
            .collect();
        if more.is_empty() {
            break;
        }
        wanted = more;
    }
    ReadManifests { manifests, texts, errors }
}

/// The projects in a context; what is wrong with their manifests becomes a problem of the inputs.
pub(super) fn projects(root: &Path, context: &BuildContext, inputs: &mut Inputs) -> Vec<Project> {
    let all: Vec<String> = files(context).map(|id| context.path(id)).collect();
    let ReadManifests { manifests, texts, errors } = read_manifests(root, &all);
    let unfit = unfit_manifests(root, context);
    let errors: Vec<LoadError> = unfit.into_iter().chain(errors).collect();
    inputs.problems.extend(errors.iter().filter_map(unread));
    // No install reads an unused file, so its other problems do not matter.
    let unused = manifests.problems.iter().filter(|problem| problem.is_unused);
    let unused_paths: BTreeSet<&str> = unused.map(|problem| problem.path.as_str()).collect();
    for problem in &manifests.problems {
        if !problem.is_unused && unused_paths.contains(problem.path.as_str()) {
            continue;
        }
        let place = texts.get(&problem.path).zip(problem.span).map(|(source, span)| source.line_column(span.start));
        inputs.problems.push(InputProblem {
            code: CODE,
            file: display_path(&root.join(&problem.path)),
            place,
            fatal: false,
            message: if problem.message.starts_with('`') {
                problem.message.clone()
            } else {
                format!("`{}`: {}", path::name(&problem.path), problem.message)
            },
            help: None,
        });
    }
    manifests.projects
}

/// Takes out the problems of manifests and lock files that no build takes from its context: no install reads them.
pub(super) fn leave_out_untaken(inputs: &mut Inputs) {
    if !inputs.problems.iter().any(|problem| problem.code == CODE) {
        return;
    }
    let sent = |input: &BuildInput| Some((Arc::clone(input.context.as_ref()?), sent_files(input)));
    let contexts: Vec<(Arc<BuildContext>, Option<SentFiles>)> = inputs.builds.iter().filter_map(sent).collect();
    let is_taken = |file: &str| {
        let file = path::normalize(file);
        let known = contexts.iter().filter_map(|(context, sent)| {
            let id = context.find(path::relative(&file, &path::normalize(context.root()))?)?;
            // What stands in the place of a file is said whoever takes it.
            let is_file = context.entry(id).kind == ContextEntryKind::File;
            Some(!is_file || sent.as_ref().is_none_or(|sent| sent.files.binary_search(&id).is_ok()))
        });
        let known: Vec<bool> = known.collect();
        known.is_empty() || known.contains(&true)
    };
    inputs.problems.retain(|problem| problem.code != CODE || is_taken(&problem.file));
}

fn sent_files(input: &BuildInput) -> Option<SentFiles> {
    Build::new(input).sent_files(input.context.as_deref()?)
}

/// The code of problems of manifests.
const CODE: &str = "manifest";

/// What stands in the place of manifests and is no file. Tests of resolvers have folders of such names below the top.
fn unfit_manifests(root: &Path, context: &BuildContext) -> Vec<LoadError> {
    let is_unfit = |id: &EntryId| match context.entry(*id).kind {
        ContextEntryKind::File => false,
        ContextEntryKind::Directory => !context.path(*id).contains('/'),
        _ => true,
    };
    let paths = outside_of_installed(context).filter(is_unfit).map(|id| context.path(id));
    paths.filter(|path| is_manifest(path).is_some()).take(MOST).filter_map(|path| unfit(&root.join(path))).collect()
}

/// A manifest that is not read. Of a file that the walk could not open, the walk says so.
fn unread(error: &LoadError) -> Option<InputProblem> {
    if matches!(error, LoadError::Unreadable(..) | LoadError::Missing(_)) {
        return None;
    }
    let file = display_path(error.path());
    let message = format!("`{file}` {}, and was not read", error.describe());
    Some(InputProblem { code: CODE, file, place: None, fatal: false, message, help: None })
}

/// The files, those of installed packages left out: their manifests tell nothing of the project.
pub(super) fn files(context: &BuildContext) -> impl Iterator<Item = EntryId> + '_ {
    outside_of_installed(context).filter(|&id| context.entry(id).kind == ContextEntryKind::File)
}

fn outside_of_installed(context: &BuildContext) -> impl Iterator<Item = EntryId> + '_ {
    let mut inside: Option<EntryId> = None;
    context.entries().filter(move |&id| {
        if inside.is_some_and(|above| context.is_below(id, above)) {
            return false;
        }
        let entry = context.entry(id);
        let installed = ["node_modules", ".git", ".venv", "site-packages", "__pycache__"];
        inside = (entry.kind == ContextEntryKind::Directory && installed.contains(&entry.name)).then_some(id);
        true
    })
}
