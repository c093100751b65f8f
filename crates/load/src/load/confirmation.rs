//! The build contexts behind findings of `lint`: only those, and only as far as an editor can wait.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context::{self, Limits};
use super::context_place::{ManifestSearches, place};
use super::dockerfiles::run_around;
use super::file::{display_path, folder_of};
use super::gather::searched_folder;
use super::project_files::{ProjectFiles, composes_in};
use super::projects::projects;
use super::request::GatherRequest;
use super::text_files::started_texts;
use crate::build::Build;
use crate::ignore::Matcher;
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, IgnoreInput, Inputs, Need, Needs};
use crate::manifest::Project;
use crate::text::FileId;

/// Entries of a build context that are looked at, ignored or not; findings in larger ones rest on the Dockerfile alone.
const MOST_ENTRIES: usize = 20_000;

/// The builds of these Dockerfiles with what their build contexts contain. A context that is too large or cannot be read
/// stays unknown.
pub fn with_contexts(inputs: &Inputs, dockerfiles: &BTreeSet<FileId>, request: &GatherRequest) -> Inputs {
    let request = GatherRequest { needs: Needs::NONE.with(Need::ContextNames), ..request.clone() };
    let mut looked = Inputs {
        root: inputs.root.clone(),
        sources: inputs.sources.clone(),
        today: inputs.today,
        settings: inputs.settings.clone(),
        ..Inputs::default()
    };
    let mut known: BTreeMap<(String, Option<String>), Option<ReadContext>> = BTreeMap::new();
    // Each folder is listed once: many Dockerfiles may lie in one.
    let mut composes: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let searches = ManifestSearches::default();
    for input in inputs.builds.iter().filter(|input| dockerfiles.contains(&input.dockerfile)) {
        let mut input = input.clone();
        place_again(&mut looked, &mut input, &request, &searches);
        add_run_options(&looked, &mut input, &mut composes);
        let ignore_file = match &input.ignore {
            IgnoreInput::Present(file, _) => Some(looked.source(*file).name().to_owned()),
            _ => None,
        };
        if let Some(root) = input.context_root.clone() {
            let read = known.entry((root.clone(), ignore_file)).or_insert_with(|| read(&root, &input.ignore));
            if let Some(read) = read {
                input.context = Some(Arc::clone(&read.context));
                input.projects.clone_from(&read.projects);
                input.texts = Some(Arc::new(started_texts(Path::new(&root), &input)));
            }
        }
        looked.builds.push(input);
    }
    looked
}

/// Moves a build to the context that manifests tell: without a look at the context, only names in COPY lines do.
fn place_again(inputs: &mut Inputs, input: &mut BuildInput, request: &GatherRequest, searches: &ManifestSearches) {
    let source = inputs.source(input.dockerfile);
    if input.recipe.is_some() || source.embedding().is_some() {
        return;
    }
    let path = PathBuf::from(source.name());
    let place = place(&path, &Build::new(input), request, searched_folder(&path, request), searches);
    let Some(root) = place.root.filter(|root| input.context_root.as_deref() != Some(&*display_path(root))) else {
        return;
    };
    input.context_root = Some(display_path(&root));
    input.ignore = match context::ignore_file_for(Some(&path), &root) {
        None => IgnoreInput::Missing(display_path(&root.join(".dockerignore"))),
        Some(path) => super::read_source(&path, super::DOCKERFILE_LIMIT).map_or(IgnoreInput::Unknown, |source| {
            let parsed = Arc::new(crate::ignore::parse(&source));
            IgnoreInput::Present(inputs.add(source), parsed)
        }),
    };
}

/// Adds how compose files beside the Dockerfile, in the folder above, or at the top of its context, run its containers.
fn add_run_options(inputs: &Inputs, input: &mut BuildInput, composes: &mut BTreeMap<PathBuf, Vec<PathBuf>>) {
    let source = inputs.source(input.dockerfile);
    if input.recipe.is_some() || source.embedding().is_some() {
        return;
    }
    let path = PathBuf::from(source.name());
    let root = input.context_root.as_ref().map(PathBuf::from);
    let folder = folder_of(&path);
    let above = folder.parent().map(|above| if above == Path::new("") { Path::new(".") } else { above });
    let folders: BTreeSet<PathBuf> =
        root.into_iter().chain([folder.to_owned()]).chain(above.map(Path::to_owned)).collect();
    let mut files = Vec::new();
    for folder in folders {
        let listed = composes.entry(folder).or_insert_with_key(|folder| composes_in(folder));
        files.extend(listed.iter().cloned());
    }
    if files.is_empty() {
        return;
    }
    if let Some(run) = run_around(&path, &ProjectFiles::of_composes(files)) {
        input.options.run = run;
    }
}

/// A build context and its projects.
struct ReadContext {
    context: Arc<BuildContext>,
    projects: Option<Arc<Vec<Project>>>,
}

fn read(root: &str, ignore: &IgnoreInput) -> Option<ReadContext> {
    let matcher = match ignore {
        IgnoreInput::Present(_, ignore) if ignore.error().is_none() => ignore.matcher(),
        IgnoreInput::Missing(_) => Matcher::default(),
        IgnoreInput::Present(..) | IgnoreInput::Unknown => return None,
    };
    let limits = Limits { entries: MOST_ENTRIES, ..Limits::default() };
    let folder = Path::new(root);
    let context = context::read(folder, root, &matcher, limits).ok()?;
    // What is wrong with a manifest is for `audit` to say.
    let read_projects = || Arc::new(projects(folder, &context, &mut Inputs::default()));
    let projects = context.has_project_files().then(read_projects);
    Some(ReadContext { context: Arc::new(context), projects })
}
