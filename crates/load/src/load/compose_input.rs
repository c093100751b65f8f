//! Compose files on the way to inputs: the project that each belongs to, and the Dockerfiles of its services.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::compose_images::add_images_of_others;
use super::compose_project::{complete_reading, complete_reading_of, project_file, working_folder};
use super::compose_use::ComposeUseReader;
use super::context_files::ContextFilesReader;
use super::disk::Disk;
use super::file::{COMPOSE_LIMIT, LoadError, display_path, folder_of, join_path, problem, unfit};
use super::looked_at::note_folder;
use super::missing_path::PathFinder;
use super::request::ComposeOptions;
use crate::compose::project::{
    ComposeProject, ComposeValue, GapKind, Leniency, ProjectFile, ProjectFiles, ProjectRequest, Reading, listed_files,
    lists_unknown_files,
};
use crate::compose::{self, Compose, MAIN_FILES, OVERRIDE_FILES};
use crate::inputs::{
    ComposeInput, ComposeReading, ComposeStart, ComposeUse, InputProblem, Inputs, checked_sources, committed_files,
    missing_dockerfiles, missing_paths, patient_services, proxy_configurations,
};
use crate::stack::MOST_SERVICES;
use crate::text::path::is_compose;
use crate::text::{FileId, Source, path};

/// Files that a part of a project is tried on top of.
const BASES: usize = 5;

/// Entries of a folder that are looked at for those.
const ENTRIES: usize = 10_000;

/// Dockerfiles of one project that are read.
const DOCKERFILES: usize = 200;

/// Configuration files of one folder that are read.
const CONFIGURATIONS: usize = 20;

/// A compose file with the project that it belongs to.
pub(super) struct ComposeFile {
    pub(super) path: PathBuf,
    source: Source,
    /// Its path, absolute.
    own_path: String,
    /// The builds that it names.
    pub(super) builds: Compose,
    /// The folder that paths of the builds are seen from.
    pub(super) folder: PathBuf,
    /// The files that the builds are written in, absolute, by their numbers there.
    paths: Vec<String>,
    group: ProjectGroup,
}

impl ComposeFile {
    /// Files that builds are written in, absolute.
    pub(super) fn paths_of(&self, files: &BTreeSet<FileId>) -> Vec<String> {
        files.iter().filter_map(|file| self.paths.get(file.0 as usize).cloned()).collect()
    }

    /// Its path, absolute.
    pub(super) fn into_own_path(self) -> String {
        self.own_path
    }

    /// Whether there is nothing in it but comments.
    pub(super) fn has_only_comments(&self) -> bool {
        let mut lines = self.source.text().lines().map(str::trim);
        lines.all(|line| line.is_empty() || line.starts_with('#') || line == "---")
    }
}

/// Reads compose files. The variables of the user's shell are left out, so that a file is judged the same everywhere.
pub(super) fn read_composes(composes: Vec<(PathBuf, Source)>, options: &ComposeOptions) -> Vec<ComposeFile> {
    let request_of = requester();
    let request = |paths: &[&Path]| ProjectRequest {
        env_files: texts(&options.env_files),
        profiles: options.profiles.clone(),
        ..request_of(paths)
    };
    let composes: Vec<_> = composes
        .into_iter()
        .filter_map(|(path, source)| Some((request_of(&[&path]).paths().pop()?, path, source)))
        .collect();
    let text =
        |(own_path, _, source): &(String, PathBuf, Source)| (own_path.clone(), ProjectFile::Text(source.clone()));
    let shared: Arc<BTreeMap<String, ProjectFile>> = Arc::new(composes.iter().map(text).collect());
    let read = |(own_path, path, source): (String, PathBuf, Source)| {
        let group = match options.files[..] {
            [] => group(&path, &request, &shared),
            _ => ProjectGroup::new(request(&options.files.iter().map(PathBuf::as_path).collect::<Vec<_>>()), &shared),
        };
        let (builds, paths) = group.builds(&own_path, &|path| shared.contains_key(path));
        ComposeFile { builds, folder: group.typed_folder(), paths, path, source, own_path, group }
    };
    composes.into_par_iter().map(read).collect()
}

/// Makes requests for files as the user would type them.
fn requester() -> impl Fn(&[&Path]) -> ProjectRequest + Sync {
    let folder = working_folder(std::env::var("PWD").ok().as_ref()).to_string_lossy().into_owned();
    move |paths| ProjectRequest { files: texts(paths), folder: folder.clone(), ..ProjectRequest::default() }
}

/// A compose file and its project with the files that are its parts, and how it is used.
type ComposeEntry<'e> = ((&'e (PathBuf, FileId), ProjectGroup), (Vec<FileId>, ComposeUse));

/// Adds compose files to the inputs.
/// `for_deployments`: rules about deployments ask for what the texts around them say.
pub(super) fn add_composes(
    inputs: &mut Inputs,
    composes: Vec<ComposeFile>,
    for_deployments: bool,
    disk: &Disk,
) -> Vec<(PathBuf, FileId)> {
    let (mut files, mut named, mut groups) = (BTreeMap::new(), Vec::new(), Vec::new());
    inputs.problems.extend(dangling_environments(&composes));
    for compose in composes {
        let id = inputs.add(compose.source);
        files.insert(compose.own_path, id);
        named.push((compose.path, id));
        groups.push(compose.group);
    }
    let parts: Vec<Vec<FileId>> = groups.iter().map(|group| parts(inputs, group, &mut files)).collect();
    let ids: BTreeMap<&str, FileId> = files.values().map(|id| (inputs.source(*id).name(), *id)).collect();
    for ((_, file), group) in named.iter().zip(&mut groups) {
        let is_of_another = |name: &str| ids.get(name).is_some_and(|id| id != file);
        group.reading.problems.retain(|problem| !is_of_another(&problem.file));
    }
    let files = Arc::new(files);
    let mut reader = ComposeUseReader::new(for_deployments, &inputs.root, disk);
    let uses = named.iter().map(|(path, file)| reader.read(path, inputs.source(*file)));
    let facts: Vec<(Vec<FileId>, ComposeUse)> = parts.into_iter().zip(uses).collect();
    let contexts = ContextFilesReader::default();
    let read = |(((_, file), group), facts): ComposeEntry| compose_input(*file, group, facts, &files, &contexts);
    inputs.composes = named.par_iter().zip(groups).zip(facts).map(read).collect();
    add_images_of_others(&mut inputs.composes);
    let problems: Vec<InputProblem> =
        inputs.composes.iter().filter_map(|compose| left_out_services(compose, inputs)).collect();
    for problem in problems {
        // A file and its override are one project.
        if inputs.problems.iter().all(|known| known.message != problem.message) {
            inputs.problems.push(problem);
        }
    }
    named
}

/// What is known of a compose file and its project.
fn compose_input(
    file: FileId,
    group: ProjectGroup,
    (parts, mut compose_use): (Vec<FileId>, ComposeUse),
    files: &Arc<BTreeMap<String, FileId>>,
    contexts: &ContextFilesReader,
) -> ComposeInput {
    let ProjectGroup { request, known, mut reading } = group;
    reading.set_files(files);
    let dockerfiles = reading.project.as_ref().map(|project| dockerfiles(project)).unwrap_or_default();
    let proxies = reading.project.as_ref().map(|project| {
        let read = |path: &str| configuration_files(Path::new(path), Path::new(&project.folder));
        compose_use.patient_services = patient_services(project, &dockerfiles, &read);
        proxy_configurations(project, &dockerfiles, &read)
    });
    let missing = reading.project.as_ref().map(|project| missing_dockerfiles(project, &names_in));
    let checked = reading.project.as_ref().map(|project| checked_sources(project, &|root| contexts.read(root)));
    let paths = reading.project.as_ref().map(|project| {
        let finder = PathFinder::new(&project.folder);
        let committed = committed_files(project, &|path| finder.is_committed(path));
        (missing_paths(project, &|path| finder.find(path)), committed)
    });
    let (paths, committed) = paths.unwrap_or_default();
    reading.refuse_missing(&paths);
    ComposeInput {
        file,
        request,
        known: Arc::new(known),
        files: Arc::clone(files),
        parts,
        dockerfiles: Arc::new(dockerfiles),
        proxies: Arc::new(proxies.unwrap_or_default()),
        missing_dockerfiles: Arc::new(missing.unwrap_or_default()),
        missing_paths: Arc::new(paths),
        committed_files: Arc::new(committed),
        checked_sources: Arc::new(checked.unwrap_or_default()),
        compose_use,
        reading,
    }
}

/// Reads compose files again that scripts put on top of others: they add to services of those, and their paths are seen from
/// the folder of the first: `docker compose -f compose.yaml -f parts/compose.api.yaml up`.
pub fn read_chains(inputs: &mut Inputs) {
    let starts = ComposeStart::all(&inputs.workflows).unwrap_or_default();
    let request_of = requester();
    let name = |compose: &ComposeInput| inputs.source(compose.file).name().to_owned();
    let names: Vec<String> = inputs.composes.iter().map(name).collect();
    let contexts = ContextFilesReader::default();
    let typed = |file: &String| {
        let known = names.iter().filter(|name| path::ends_with(name, file));
        known.min_by_key(|name| name.len()).map(PathBuf::from)
    };
    let chains = starts.iter().filter_map(|start| start.files.iter().map(typed).collect::<Option<Vec<PathBuf>>>());
    let chains: Vec<Vec<PathBuf>> = chains.filter(|chain| chain.len() > 1).collect();
    for (compose, name) in inputs.composes.iter_mut().zip(&names) {
        let file = Path::new(name);
        let is_below = |chain: &&Vec<PathBuf>| chain.iter().position(|known| known == file).is_some_and(|at| at > 0);
        if compose.request.files.len() != 1 {
            continue;
        }
        let Some(chain) = chains.iter().find(is_below) else { continue };
        let end = chain.iter().position(|known| known == file).unwrap_or_default();
        let chain: Vec<&Path> = chain[..=end].iter().map(PathBuf::as_path).collect();
        let group = ProjectGroup::new(request_of(&chain), &Arc::default());
        if group.reading.project.is_some() {
            let facts = (compose.parts.clone(), compose.compose_use.clone());
            *compose = compose_input(compose.file, group, facts, &compose.files, &contexts);
        }
    }
}

/// Says of how many services nothing is said.
fn left_out_services(compose: &ComposeInput, inputs: &Inputs) -> Option<InputProblem> {
    let count = compose.reading.project.as_ref()?.services().count();
    let name = inputs.source(compose.file).name();
    (count > MOST_SERVICES).then(|| InputProblem {
        code: "services-left-out",
        file: name.to_owned(),
        place: None,
        fatal: false,
        message: format!("`{name}` has {count} services: only the first {MOST_SERVICES} by name were looked at"),
        help: Some("split the project".to_owned()),
    })
}

fn texts(paths: &[impl AsRef<Path>]) -> Vec<String> {
    paths.iter().map(|path| path.as_ref().to_string_lossy().into_owned()).collect()
}

/// A project, what must be known to read it, and what it comes to.
struct ProjectGroup {
    request: ProjectRequest,
    known: ProjectFiles,
    reading: ComposeReading,
}

impl ProjectGroup {
    /// Reads a project with all that it names.
    fn new(request: ProjectRequest, shared: &Arc<BTreeMap<String, ProjectFile>>) -> Self {
        let mut known = ProjectFiles::of_shared(Arc::clone(shared));
        let first = complete_reading(&ComposeReading::first_request(&request), &mut known);
        if matches!(first, Reading::Refused { is_incomplete: true, .. }) {
            complete_reading(&ComposeReading::trial_request(&request), &mut known);
        }
        // Else the same files are read again.
        if !matches!(&first, Reading::Read(project) if project.disabled.is_empty()) {
            for leniency in [Leniency::StandIns, Leniency::Gaps] {
                complete_reading(&ComposeReading::whole_request(&request, leniency), &mut known);
            }
        }
        let name = request.files.first().map(|file| display_path(Path::new(file))).unwrap_or_default();
        let reading = ComposeReading::from_first(first, &request, &known, &name);
        known.forget_trees();
        Self { request, known, reading }
    }

    /// The project's folder, as the user would type it.
    fn typed_folder(&self) -> PathBuf {
        self.request.files.first().map_or(Path::new("."), |file| folder_of(Path::new(file))).to_owned()
    }

    /// The builds of which a file of the project says something, or a file that it includes or extends; but those that are
    /// checked by themselves say it there. With the paths of the project's files.
    fn builds(&self, own_path: &str, is_checked: &dyn Fn(&str) -> bool) -> (Compose, Vec<String>) {
        let names_build =
            |project: &Arc<ComposeProject>| project.sources.iter().any(|source| source.text().contains("build"));
        if self.reading.project.as_ref().is_some_and(|project| !names_build(project)) {
            return (Compose::default(), Vec::new());
        }
        let Some(project) = self.written() else { return (Compose::default(), Vec::new()) };
        (builds_of(&project, &self.request, own_path, is_checked), project.paths.clone())
    }

    /// What is written in the project, also where Compose refuses some of it; `None` where nothing can be read.
    fn written(&self) -> Option<Arc<ComposeProject>> {
        if let Some(project) = self.reading.project.as_ref().filter(|project| !lacks_variables_of_builds(project)) {
            return Some(Arc::clone(project));
        }
        let request = ComposeReading::whole_request(&self.request, Leniency::Omissions);
        match complete_reading(&request, &mut self.known.clone()) {
            Reading::Read(project) => Some(Arc::new(*project)),
            _ => None,
        }
    }

    /// Whether something is named that the project lacks.
    fn lacks_reference(&self) -> bool {
        let gaps = self.reading.project.iter().flat_map(|project| &project.gaps);
        gaps.map(|gap| gap.kind).any(|kind| kind == GapKind::Reference)
    }

    /// Whether it adds to services of another file: one has neither an image nor a build.
    fn is_fragment(&self) -> bool {
        let is_partial = |service: &ComposeValue| ["image", "build"].iter().all(|key| service.get(key).is_none());
        let mut services = self.reading.project.iter().flat_map(|project| project.services());
        self.lacks_reference() && services.any(|(_, service)| is_partial(service))
    }
}

/// What a compose file is read from with those that it is put on top of, and what is known of the file system. `checked`: the
/// file as it is checked in this run.
pub(super) fn request_below(file: &Path, checked: Option<&ComposeInput>) -> (ProjectRequest, ProjectFiles) {
    let request_of = requester();
    let own_path = request_of(&[file]).paths();
    let (mut request, known) = if let Some(input) = checked {
        (input.request.clone(), (*input.known).clone())
    } else {
        let ProjectGroup { request, known, .. } = group(file, &request_of, &Arc::default());
        (request, known)
    };
    if let Some(at) = request.paths().iter().position(|path| own_path.contains(path)) {
        request.files.truncate(at + 1);
    }
    (request, known)
}

/// The builds that a compose file names, as it is.
pub fn compose_builds(file: &Path) -> Compose {
    let request_of = requester();
    let own_path = request_of(&[file]).paths().pop().unwrap_or_default();
    group(file, &request_of, &Arc::default()).builds(&own_path, &|_| false).0
}

/// The builds that a compose file named when the texts of compose files were `texts`, by absolute path.
pub fn older_compose_builds(file: &Path, texts: &dyn Fn(&str) -> Option<String>) -> Compose {
    let request_of = requester();
    let own_path = request_of(&[file]).paths().pop().unwrap_or_default();
    let mut request = group(file, &request_of, &Arc::default()).request;
    let folder = request.folder.clone();
    request.files.retain(|file| request_of(&[Path::new(file)]).paths().iter().all(|path| texts(path).is_some()));
    let request = ComposeReading::whole_request(&request, Leniency::Omissions);
    // Environment files are not committed, for the most part.
    let is_yaml = |path: &str| [".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    let file = |path: &str| match texts(path) {
        Some(text) => ProjectFile::Text(Source::of(
            &display_path(Path::new(path).strip_prefix(&folder).unwrap_or(Path::new(path))),
            &text,
        )),
        None if is_yaml(path) => ProjectFile::Missing,
        None => project_file(path, &folder),
    };
    match complete_reading_of(&request, &mut ProjectFiles::default(), &file) {
        Reading::Read(project) => builds_of(&project, &request, &own_path, &|_| false),
        _ => Compose::default(),
    }
}

/// Whether variables without a value decide what the builds of a project are, or how their containers run.
fn lacks_variables_of_builds(project: &ComposeProject) -> bool {
    let unset = project.unset_starts();
    let lacks = |value: &ComposeValue| value.holds_place(&|place| unset.contains(&place.start()));
    let builds = project.services().filter(|(_, service)| service.get("build").is_some());
    !unset.is_empty()
        && builds.flat_map(|(_, service)| ["build", "user", "volumes"].map(|key| service.get(key))).flatten().any(lacks)
}

/// The builds of which a file of a project says something, or a file that it includes or extends and that is not checked by
/// itself.
fn builds_of(
    project: &ComposeProject,
    request: &ProjectRequest,
    own_path: &str,
    is_checked: &dyn Fn(&str) -> bool,
) -> Compose {
    let is_part = |path: &String| !is_checked(path) && !request.paths().contains(path);
    let parts: Vec<bool> = project.paths.iter().map(is_part).collect();
    let Some(number) = project.paths.iter().position(|path| path == own_path) else { return Compose::default() };
    compose::builds(project, FileId(number as u32), &|file| parts.get(file.0 as usize) == Some(&true))
}

/// The files that a project includes or extends, added to the inputs where they are not checked by themselves.
fn parts(inputs: &mut Inputs, group: &ProjectGroup, files: &mut BTreeMap<String, FileId>) -> Vec<FileId> {
    let Some(project) = &group.reading.project else { return Vec::new() };
    let checked = group.request.paths();
    let mut parts = Vec::new();
    let cut: BTreeSet<u32> = project.cut_values.iter().map(|value| value.place.file.0).collect();
    for (number, (path, source)) in project.paths.iter().zip(&project.sources).enumerate() {
        let is_told_of = path::is_yaml(path) || cut.contains(&(number as u32));
        if !is_told_of || checked.contains(path) {
            continue;
        }
        // Another project has told of it, or it is checked by itself.
        if files.contains_key(path) {
            continue;
        }
        let id = inputs.add(source.clone());
        files.insert(path.clone(), id);
        parts.push(id);
    }
    parts
}

/// The project that a file belongs to: what `COMPOSE_FILE` of the `.env` beside it names, the file with its override, or the
/// file on top of another one that has what it lacks.
fn group(
    file: &Path,
    request: &impl Fn(&[&Path]) -> ProjectRequest,
    shared: &Arc<BTreeMap<String, ProjectFile>>,
) -> ProjectGroup {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = folder_of(file);
    let read = |files: &[&Path]| ProjectGroup::new(request(files), shared);
    let listed = files_of_dotenv(folder);
    if listed.contains(&join_path(Path::new("."), file)) {
        let request = request(&listed.iter().map(PathBuf::as_path).collect::<Vec<_>>());
        let text = dotenv_of(folder);
        let lacks_files = text.is_some_and(|source| lists_unknown_files(source.text()));
        return ProjectGroup::new(ProjectRequest { lacks_files, ..request }, shared);
    }
    let beside =
        |names: &[&str]| names.iter().map(|name| join_path(folder, Path::new(name))).find(|path| path.is_file());
    if MAIN_FILES.contains(&name) {
        let over = beside(&OVERRIDE_FILES);
        return over.map_or_else(|| read(&[file]), |over| read(&[file, &over]));
    }
    let base = beside(&MAIN_FILES);
    if let Some(base) = &base
        && OVERRIDE_FILES.contains(&name)
    {
        return read(&[base, file]);
    }
    let alone = read(&[file]);
    if !alone.lacks_reference() {
        return alone;
    }
    let is_fragment = alone.is_fragment();
    let others = base.into_iter().chain(others_beside(folder, name)).take(BASES);
    let on_top = others.map(|base| read(&[&base, file])).find(|group| {
        let is_read = group.reading.problems.iter().all(|problem| !problem.is_error);
        is_read && group.reading.project.is_some() && !group.lacks_reference()
    });
    match on_top {
        Some(on_top) => on_top,
        None if is_fragment || OVERRIDE_FILES.contains(&name) => {
            ProjectGroup::new(ProjectRequest { is_part: true, ..request(&[file]) }, shared)
        }
        None => alone,
    }
}

/// The compose files that the `.env` of a folder names.
pub(super) fn files_of_dotenv(folder: &Path) -> Vec<PathBuf> {
    let Some(source) = dotenv_of(folder) else { return Vec::new() };
    let named = listed_files(&BTreeMap::new(), Some(source.text()));
    named.iter().map(|file| join_path(folder, Path::new(file))).collect()
}

/// The `.env` of a folder.
fn dotenv_of(folder: &Path) -> Option<Source> {
    let path = join_path(folder, Path::new(".env"));
    if path.is_file() { super::read_source(&path, COMPOSE_LIMIT).ok() } else { None }
}

/// Files `.env` that are links to nothing: Compose goes on without their variables.
fn dangling_environments(composes: &[ComposeFile]) -> Vec<InputProblem> {
    let folders: BTreeSet<&Path> = composes.iter().map(|file| folder_of(&file.path)).collect();
    let errors = folders.into_iter().filter_map(|folder| unfit(&join_path(folder, Path::new(".env"))));
    let dangling = errors.filter(|error| matches!(error, LoadError::Dangling(..)));
    dangling
        .map(|error| InputProblem {
            fatal: false,
            message: format!("{error}: Compose has no variables from there"),
            ..problem(&error)
        })
        .collect()
}

/// The files of the project in a folder, as `docker compose` chooses them there; none where it has no compose file.
pub fn default_composes(folder: &Path) -> Vec<PathBuf> {
    let variables = ["COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"].into_iter();
    let variables = variables.filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let named = listed_files(&variables.collect(), None);
    if !named.is_empty() {
        return named.into_iter().map(PathBuf::from).collect();
    }
    let listed = files_of_dotenv(folder);
    if !listed.is_empty() {
        return listed;
    }
    let beside =
        |names: &[&str]| names.iter().map(|name| join_path(folder, Path::new(name))).find(|path| path.is_file());
    let base = beside(&MAIN_FILES);
    let over = base.as_ref().and_then(|_| beside(&OVERRIDE_FILES));
    base.into_iter().chain(over).collect()
}

/// The other compose files of a folder, in the order of their names.
fn others_beside(folder: &Path, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(ENTRIES).filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|other| is_compose(other) && other != name).collect();
    names.retain(|other| !MAIN_FILES.contains(&other.as_str()) && !OVERRIDE_FILES.contains(&other.as_str()));
    names.sort_by_key(|name| (name.len(), name.clone()));
    names.iter().map(|name| join_path(folder, Path::new(name))).filter(|path| path.is_file()).collect()
}

/// The names in a folder; `None` where it cannot be read or has too many.
fn names_in(folder: &str) -> Option<Vec<String>> {
    note_folder(Path::new(folder));
    let entries = std::fs::read_dir(folder).ok()?.take(ENTRIES).filter_map(Result::ok);
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    (names.len() < ENTRIES).then_some(names)
}

/// The files at a path below a folder: the file itself, or those of the folder at that path.
fn configuration_files(path: &Path, folder: &Path) -> Vec<Source> {
    let is_below = |path: &Path| {
        let real = path.canonicalize().ok().zip(folder.canonicalize().ok());
        real.is_some_and(|(path, folder)| path.starts_with(folder))
    };
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        note_folder(path);
        let entries = std::fs::read_dir(path).into_iter().flatten().take(ENTRIES).flatten();
        paths = entries.map(|entry| entry.path()).collect();
        paths.sort();
    }
    let files = paths.iter().filter(|path| path.is_file() && is_below(path)).take(CONFIGURATIONS);
    files.filter_map(|path| super::read_source(path, super::DOCKERFILE_LIMIT).ok()).collect()
}

/// The path of the Dockerfile that a `build` names; `None` where it is written there, or lies elsewhere.
pub(super) fn dockerfile_path(build: &ComposeValue) -> Option<String> {
    let text = |key: &str| build.get(key).and_then(ComposeValue::as_text).filter(|text| !text.is_empty());
    let context = text("context").filter(|context| context.starts_with('/') && text("dockerfile_inline").is_none())?;
    let dockerfile = text("dockerfile").unwrap_or("Dockerfile");
    Some(if dockerfile.starts_with('/') { dockerfile.to_owned() } else { path::child(context, dockerfile) })
}

/// A Dockerfile; where there is no `Dockerfile`, BuildKit takes `dockerfile`.
fn read_dockerfile(file: &str) -> Option<Source> {
    let read = |file: &Path| super::read_source(file, super::DOCKERFILE_LIMIT).ok();
    let file = Path::new(file);
    read(file).or_else(|| {
        let is_default = file.file_name().is_some_and(|name| name == "Dockerfile");
        is_default.then(|| read(&file.with_file_name("dockerfile")))?
    })
}

/// The Dockerfiles that services are built from, by service.
fn dockerfiles(project: &ComposeProject) -> BTreeMap<String, Source> {
    let mut read: BTreeMap<String, Option<Source>> = BTreeMap::new();
    let mut dockerfiles = BTreeMap::new();
    for (name, service) in project.services().take(DOCKERFILES) {
        let Some(build) = service.get("build") else { continue };
        let text = |key: &str| build.get(key).and_then(ComposeValue::as_text).filter(|text| !text.is_empty());
        if let Some(inline) = text("dockerfile_inline") {
            dockerfiles.insert(name.to_owned(), Source::of("Dockerfile", inline));
            continue;
        }
        let Some(file) = dockerfile_path(build) else { continue };
        let source = read.entry(file).or_insert_with_key(|file| read_dockerfile(file)).clone();
        dockerfiles.extend(source.map(|source| (name.to_owned(), source)));
    }
    dockerfiles
}
