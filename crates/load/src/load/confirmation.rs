//! The build contexts behind findings of `lint`: only those, and only as far as an editor can wait.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::LoadError;
use super::context::{self, Limits};
use super::context_place::place;
use super::disk::Disk;
use super::file::{display_path, folder_of};
use super::gather::searched_folder;
use super::projects::projects;
use super::request::GatherRequest;
use super::service_builds::ServiceBuilds;
use super::text_files::started_texts;
use crate::build::Build;
use crate::ignore::Matcher;
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, IgnoreInput, Inputs, Need, Needs};
use crate::manifest::Project;
use crate::text::path::is_yaml;
use crate::text::{FileId, Source};
use crate::workflow::{self, BuildCall};

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
    let again: Vec<&BuildInput> =
        inputs.builds.iter().filter(|input| dockerfiles.contains(&input.dockerfile)).collect();
    let places: Vec<Option<OtherPlace>> = again.par_iter().map(|input| other_place(inputs, input, &request)).collect();
    let mut service_builds = ServiceBuilds::default();
    for (input, place) in again.into_iter().zip(places) {
        let mut input = input.clone();
        if let Some(place) = place {
            place.apply(&mut looked, &mut input);
        }
        add_run_options(&looked, &mut input, &mut service_builds, &request.disk);
        looked.builds.push(input);
    }
    add_contexts(&mut looked);
    looked
}

/// Which context a build has: its folder, and the ignore file that is not beside the Dockerfile alone.
type ContextKey = (String, Option<String>);

/// Reads the contexts of all builds, each once.
fn add_contexts(inputs: &mut Inputs) {
    let key = |input: &BuildInput| -> Option<ContextKey> {
        let ignore_file = match &input.ignore {
            IgnoreInput::Present(file, _) => Some(inputs.source(*file).name().to_owned()),
            _ => None,
        };
        Some((input.context_root.clone()?, ignore_file))
    };
    let keys: Vec<Option<ContextKey>> = inputs.builds.iter().map(key).collect();
    let mut wanted: BTreeMap<&ContextKey, &IgnoreInput> = BTreeMap::new();
    for (key, input) in keys.iter().zip(&inputs.builds) {
        if let Some(key) = key {
            wanted.entry(key).or_insert(&input.ignore);
        }
    }
    let read_one = |(key, ignore): (&ContextKey, &IgnoreInput)| (key.clone(), read(&key.0, ignore));
    let contexts: BTreeMap<ContextKey, Option<ReadContext>> = wanted.into_par_iter().map(read_one).collect();
    inputs.builds.par_iter_mut().zip(&keys).for_each(|(input, key)| {
        let Some(context) = key.as_ref().and_then(|key| contexts.get(key)?.as_ref()) else { return };
        input.context = Some(Arc::clone(&context.context));
        input.projects.clone_from(&context.projects);
        let root = input.context_root.clone().unwrap_or_default();
        input.texts = Some(Arc::new(started_texts(Path::new(&root), input)));
    });
}

/// Another context than the one that was taken for a build, with its ignore file.
struct OtherPlace {
    root: PathBuf,
    ignore_file: Option<Result<Source, LoadError>>,
}

impl OtherPlace {
    fn apply(self, inputs: &mut Inputs, input: &mut BuildInput) {
        input.context_root = Some(display_path(&self.root));
        input.ignore = match self.ignore_file {
            None => IgnoreInput::Missing(display_path(&self.root.join(".dockerignore"))),
            Some(read) => read.map_or(IgnoreInput::Unknown, |source| {
                let parsed = Arc::new(crate::ignore::parse(&source));
                IgnoreInput::Present(inputs.add(source), parsed)
            }),
        };
    }
}

/// The context that manifests tell: without a look at the context, only names in COPY lines do.
fn other_place(inputs: &Inputs, input: &BuildInput, request: &GatherRequest) -> Option<OtherPlace> {
    let source = inputs.source(input.dockerfile);
    if input.recipe.is_some() || source.embedding().is_some() {
        return None;
    }
    let path = PathBuf::from(source.name());
    let place = place(&path, &Build::new(input), request, searched_folder(&path, request));
    let root = place.root.filter(|root| input.context_root.as_deref() != Some(&*display_path(root)))?;
    let ignore_file = context::ignore_file_for(Some(&path), &root);
    let ignore_file = ignore_file.map(|path| super::read_source(&path, super::DOCKERFILE_LIMIT));
    Some(OtherPlace { root, ignore_file })
}

/// Adds how compose files beside the Dockerfile, in the folder above, or at the top of its context, run its containers.
fn add_run_options(inputs: &Inputs, input: &mut BuildInput, service_builds: &mut ServiceBuilds, disk: &Disk) {
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
    input.options.build_contexts.extend(workflow_contexts(input, &folders));
    if let Some(origin) = service_builds.origin_of(&path, folders, disk) {
        input.options.run = origin.run;
        input.options.build_contexts.extend(origin.contexts);
    }
}

/// The most pipelines of a folder that are read.
const PIPELINES: usize = 20;

/// The named contexts of the pipelines in these folders, if the Dockerfile copies from a name that is no stage.
fn workflow_contexts(input: &BuildInput, folders: &BTreeSet<PathBuf>) -> Vec<(String, String)> {
    if !Build::new(input).takes_named_source() {
        return Vec::new();
    }
    let listed = folders.iter().filter_map(|folder| std::fs::read_dir(folder.join(".github/workflows")).ok());
    let paths = listed.flat_map(|entries| entries.take(PIPELINES).filter_map(Result::ok)).map(|entry| entry.path());
    let mut contexts = Vec::new();
    for path in paths.filter(|path| is_yaml(&path.to_string_lossy())) {
        let Ok(source) = super::read_source(&path, super::DOCKERFILE_LIMIT) else { continue };
        let name = path.file_name().map(|name| format!(".github/workflows/{}", name.to_string_lossy()));
        let Some(workflow) = name.and_then(|name| workflow::read(&name, &source, &|_| None, None)) else { continue };
        let calls = BuildCall::all(&workflow);
        let texts = calls.iter().flat_map(|call| &call.contexts).filter_map(|context| context.text.split_once('='));
        contexts.extend(texts.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    contexts
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
