//! Pipelines on the way to inputs: the repository that each lies in, and the files of it that they use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::LoadError;
use super::disk::Disk;
use super::file::{display_path, folder_of, join_path, missing, path_below, problem_with_help, read_source};
use super::git::Repository;
use super::project_files::{GIT_FOLDER, folders_above};
use super::tree_walk::{may_be_entered, tree_walk};
use crate::inputs::{self, Inputs, WorkflowInput};
use crate::text::{FileId, Source, path};
use crate::workflow::{PipelineKind, pipeline_kind};

/// Bytes that a pipeline may have.
const LIMIT: u64 = 4 << 20;

/// Files of a repository that are listed.
const FILES: usize = 200_000;

/// The folders that pipelines belong to, as the user would type them: those that were named themselves, and the tops of
/// the repositories that files are in; each once.
///
/// # Errors
/// When a path cannot be read.
pub fn tops_of_pipelines(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let disk = Disk::default();
    let (mut tops, mut known) = (Vec::new(), BTreeSet::new());
    // Files of one folder are of one repository.
    let mut tops_of_folders: BTreeMap<&Path, PathBuf> = BTreeMap::new();
    for path in paths {
        let kind = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => missing(path),
            _ => LoadError::of_system(path, error),
        })?;
        let top = if kind.is_dir() {
            path.clone()
        } else if path.is_symlink() {
            top_of(path)
        } else {
            tops_of_folders.entry(folder_of(path)).or_insert_with(|| top_of(path)).clone()
        };
        if known.insert(disk.real_path(&top)) {
            tops.push(top);
        }
    }
    Ok(tops)
}

/// Whether a path is a pipeline that a system runs, by its name: a workflow, an action, a file of GitLab, a justfile.
pub fn is_pipeline_file(file: &Path) -> bool {
    let text = display_path(file);
    let name = std::path::absolute(file).map_or_else(|_| text.clone(), |path| path.to_string_lossy().into_owned());
    let kind = pipeline_kind(&name.replace('\\', "/"));
    kind.is_some_and(|kind| kind.is_pipeline() || kind == PipelineKind::Just) && file.is_file()
}

/// The top of the repository of a file, as the user would type it.
fn top_of(file: &Path) -> PathBuf {
    let Ok(real) = file.canonicalize() else { return folder_of(file).to_owned() };
    let folders = folders_above(file, &real);
    let is_top = |(folder, _): &&(PathBuf, PathBuf)| folder.join(GIT_FOLDER).exists();
    let above_workflows = || {
        folders.iter().find(|(folder, _)| {
            folder.join(".github/workflows").is_dir() && !real.starts_with(folder.join(".github/actions"))
        })
    };
    let top = folders.iter().find(is_top).or_else(above_workflows);
    top.map_or_else(|| folder_of(file).to_owned(), |(_, typed)| typed.clone())
}

/// Adds pipelines of a folder to the inputs.
pub(super) fn add_workflows(inputs: &mut Inputs, files: &[PathBuf], root: &Path) -> Vec<(PathBuf, FileId)> {
    if files.is_empty() {
        return Vec::new();
    }
    let top = if root.is_dir() { root.to_owned() } else { top_of(root) };
    let texts = RepositoryTexts { top: &top, known: Mutex::default() };
    let read: Vec<_> = files.par_iter().map(|file| (file, read_source(file, LIMIT))).collect();
    let mut named = Vec::new();
    for (file, source) in read {
        match source {
            Ok(source) => named.push((file.clone(), inputs.add(source))),
            Err(error) => {
                inputs.problems.push(problem_with_help(&error, "the pipeline was not checked".to_owned()));
            }
        }
    }
    let names_files = |(file, id): &(PathBuf, FileId)| {
        let is_script = || path_below(file, &top).and_then(|path| pipeline_kind(&path)) == Some(PipelineKind::Script);
        !is_script() || inputs.source(*id).text().contains("docker")
    };
    let has_pipeline = named.iter().any(names_files);
    let (paths, is_complete) = if has_pipeline { repository_files(&top) } else { (BTreeSet::new(), false) };
    let folder = Some(display_path(&top)).filter(|folder| folder != ".").unwrap_or_default();
    let repository = inputs::Repository { folder, files: paths, is_complete, texts: BTreeMap::new() };
    let repository = Arc::new(repository);
    let read = |(file, id): &(PathBuf, FileId)| {
        let path = path_below(file, &top).unwrap_or_else(|| display_path(file));
        let text = |path: &str| texts.get(path);
        WorkflowInput::read(*id, path, inputs.source(*id), &text, Arc::clone(&repository))
    };
    let mut workflows: Vec<WorkflowInput> = named.par_iter().filter_map(read).collect();
    // The sources of images that are pushed say what a start needs.
    let contexts: BTreeSet<&str> = workflows.iter().flat_map(WorkflowInput::pushed_contexts).collect();
    let wanted = contexts
        .iter()
        .flat_map(|context| repository.programs_below(context).into_iter().chain(repository.composes_of(context)));
    wanted.collect::<Vec<_>>().into_par_iter().for_each(|file| drop(texts.get(file)));
    let known = texts.known.into_inner().unwrap_or_else(PoisonError::into_inner);
    let texts: BTreeMap<String, Source> = known.into_iter().filter_map(|(path, text)| Some((path, text?))).collect();
    let repository = Arc::new(inputs::Repository { texts, ..(*repository).clone() });
    let mut ids: BTreeMap<String, FileId> = workflows.iter().map(|input| (input.path.clone(), input.file)).collect();
    // A file that a pipeline includes is a part of that one.
    let is_gitlab = |input: &&WorkflowInput| input.workflow.kind == PipelineKind::Gitlab;
    let included = workflows.iter().filter(is_gitlab).flat_map(|input| input.workflow.files.iter().skip(1));
    let included: BTreeSet<String> = included.cloned().collect();
    let is_main = |input: &WorkflowInput| path::name(&input.path) == ".gitlab-ci.yml" || !is_gitlab(&input);
    workflows.retain(|input| is_main(input) || !included.contains(&input.path));
    for workflow in &mut workflows {
        workflow.repository = Arc::clone(&repository);
        if workflow.workflow.kind == PipelineKind::Gitlab {
            for path in workflow.workflow.files.iter().skip(1) {
                if let Some(source) = repository.texts.get(path) {
                    ids.entry(path.clone()).or_insert_with(|| inputs.add(source.clone()));
                }
            }
            workflow.set_parts(&|path| ids.get(path).copied());
        } else {
            workflow.set_parts(&|_| None);
        }
    }
    inputs.workflows = workflows;
    named
}

/// Commits that are looked at for what they changed.
const COMMITS: usize = 100;

/// Adds what the last commits changed, where pipelines lie at the top of a git repository.
pub fn add_changes(inputs: &mut Inputs) {
    let Some(first) = inputs.workflows.iter().find(|input| input.workflow.kind == PipelineKind::Github) else { return };
    let folder = Path::new(if first.repository.folder.is_empty() { "." } else { &first.repository.folder });
    let changes = || {
        let repository = Repository::discover(folder).ok()??;
        let is_top = repository.work_tree()?.canonicalize().ok()? == folder.canonicalize().ok()?;
        if !is_top {
            return None;
        }
        let head = repository.resolve("HEAD").ok()?;
        repository.changes(head, COMMITS).ok()
    };
    inputs.changes = changes().map(Arc::new);
}

/// Reads files of a repository, each once.
struct RepositoryTexts<'t> {
    top: &'t Path,
    known: Mutex<BTreeMap<String, Option<Source>>>,
}

impl RepositoryTexts<'_> {
    fn get(&self, file: &str) -> Option<Source> {
        let file = path::normalize(file);
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&file) {
            return known.clone();
        }
        let target = self.top.join(&file).canonicalize().ok();
        let is_inside = target.zip(self.top.canonicalize().ok()).is_some_and(|(target, top)| target.starts_with(top));
        let read = || read_source(&join_path(self.top, Path::new(&file)), LIMIT).ok();
        let source = if is_inside { read() } else { None };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(file, source.clone());
        source
    }
}

/// The files of a repository by their paths from its top, without those that git ignores; and whether they are all.
pub fn repository_files(top: &Path) -> (BTreeSet<String>, bool) {
    let mut files = BTreeSet::new();
    let is_git = |name: Option<&str>| name == Some(GIT_FOLDER);
    let walk =
        tree_walk(top).filter_entry(move |entry| !is_git(entry.file_name().to_str()) && may_be_entered(entry)).build();
    for entry in walk.flatten() {
        if entry.file_type().is_some_and(|kind| !kind.is_dir())
            && let Ok(path) = entry.path().strip_prefix(top)
        {
            if files.len() >= FILES {
                return (files, false);
            }
            files.insert(path.to_string_lossy().replace('\\', "/"));
        }
    }
    (files, true)
}
