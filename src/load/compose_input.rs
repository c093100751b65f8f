//! Compose files on the way to inputs: the project that each belongs to, and the Dockerfiles of its services.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::compose_project::{project_file, project_link, working_folder};
use crate::compose::project::{
    ComposeProject, ComposeValue, GapKind, Leniency, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading,
    project,
};
use crate::inputs::{ComposeInput, ComposeReading, Inputs};
use crate::text::{FileId, Source, path};

/// Files and links that the project of one compose file may name.
const FILES: usize = 500;

/// Bytes that a compose file may have.
const LIMIT: usize = 1 << 20;

/// Dockerfiles of one project that are read.
const DOCKERFILES: usize = 200;

/// Files that Compose takes where none is named, the first that exists (compose-go, `cli/options.go`).
const DEFAULTS: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Files that it puts on top of those.
const OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Adds compose files to the inputs. The variables of the user's shell are left out, so that a file is judged the same
/// everywhere.
pub(super) fn add_composes(inputs: &mut Inputs, composes: Vec<(PathBuf, Source)>) -> Vec<(PathBuf, FileId)> {
    let folder = working_folder(std::env::var("PWD").ok().as_ref()).to_string_lossy().into_owned();
    let request = |paths: &[&Path]| ProjectRequest {
        files: paths.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        folder: folder.clone(),
        ..ProjectRequest::default()
    };
    let composes: Vec<_> = composes.into_iter().filter(|(_, source)| source.bytes().len() <= LIMIT).collect();
    let (mut files, mut texts, mut named) = (BTreeMap::new(), ProjectFiles::default(), Vec::new());
    for (path, source) in composes {
        let id = inputs.add(source.clone());
        for absolute in request(&[&path]).paths() {
            texts.insert(&absolute, ProjectFile::Text(source.clone()));
            files.insert(absolute, id);
        }
        named.push((path, id));
    }
    let groups: Vec<_> = named.par_iter().map(|(path, _)| group(path, &request, &texts)).collect();
    let parts: Vec<Vec<FileId>> =
        groups.iter().map(|(request, known)| parts(inputs, request, known, &mut files)).collect();
    let files = Arc::new(files);
    let read = |(((_, file), (request, known)), parts): ((&(PathBuf, FileId), ProjectGroup), Vec<FileId>)| {
        let name = inputs.source(*file).name();
        let mut reading = ComposeReading::of(&request, &known, &files, name);
        let is_of_another = |file: &str| file != name && files.values().any(|id| inputs.source(*id).name() == file);
        reading.problems.retain(|problem| !is_of_another(&problem.file));
        let dockerfiles = reading.project.as_ref().map(|project| dockerfiles(project)).unwrap_or_default();
        let (known, dockerfiles) = (Arc::new(known), Arc::new(dockerfiles));
        ComposeInput { file: *file, request, known, files: Arc::clone(&files), parts, dockerfiles, reading }
    };
    inputs.composes = named.par_iter().zip(groups).zip(parts).map(read).collect();
    named
}

/// A project, and what must be known to read it.
type ProjectGroup = (ProjectRequest, ProjectFiles);

/// The files that a project includes or extends, added to the inputs where they are not checked by themselves.
fn parts(
    inputs: &mut Inputs,
    request: &ProjectRequest,
    known: &ProjectFiles,
    files: &mut BTreeMap<String, FileId>,
) -> Vec<FileId> {
    let lenient = ProjectRequest { leniency: Leniency::StandIns, profiles: vec!["*".to_owned()], ..request.clone() };
    let Reading::Read(project) = project(&lenient, known) else { return Vec::new() };
    let checked = request.paths();
    let mut parts = Vec::new();
    for (path, source) in project.paths.iter().zip(&project.sources) {
        let is_yaml = matches!(path.rsplit_once('.'), Some((_, "yaml" | "yml")));
        if !is_yaml || checked.contains(path) {
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

/// The project that a file belongs to, with what must be known to read it.
fn group(
    file: &Path,
    request: &impl Fn(&[&Path]) -> ProjectRequest,
    texts: &ProjectFiles,
) -> (ProjectRequest, ProjectFiles) {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = |names: &[&str]| names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    if DEFAULTS.contains(&name) {
        let over = beside(&OVERRIDES);
        let with_override = over.as_deref().map(|over| request(&[file, over]));
        return known_for(with_override.unwrap_or_else(|| request(&[file])), texts).0;
    }
    let base = beside(&DEFAULTS);
    let on_top = base.as_deref().map(|base| request(&[base, file]));
    match on_top {
        Some(on_top) if OVERRIDES.contains(&name) => known_for(on_top, texts).0,
        Some(on_top) => match known_for(request(&[file]), texts) {
            // A service without an image is a part of one elsewhere.
            (_, Some(project)) if is_fragment(&project) => known_for(on_top, texts).0,
            (alone, _) => alone,
        },
        None => known_for(request(&[file]), texts).0,
    }
}

fn is_fragment(project: &ComposeProject) -> bool {
    let has_gap = project.gaps.iter().any(|gap| gap.kind == GapKind::Reference);
    has_gap && project.services().any(|(_, service)| ["image", "build"].iter().all(|key| service.get(key).is_none()))
}

/// Reads all that a project names; then the project too, as far as it can be read.
fn known_for(
    request: ProjectRequest,
    texts: &ProjectFiles,
) -> ((ProjectRequest, ProjectFiles), Option<Box<ComposeProject>>) {
    let mut known = texts.clone();
    let lenient = ProjectRequest { leniency: Leniency::StandIns, profiles: vec!["*".to_owned()], ..request.clone() };
    let strict = ProjectRequest { leniency: Leniency::Gaps, ..request.clone() };
    let mut last = None;
    for request in [&lenient, &strict] {
        last = read(request, &mut known);
    }
    ((request, known), last)
}

fn read(request: &ProjectRequest, known: &mut ProjectFiles) -> Option<Box<ComposeProject>> {
    let first = known.len();
    loop {
        match project(request, known) {
            Reading::Read(project) => return Some(project),
            Reading::Refused { .. } => return None,
            Reading::Needs(needs) if known.len() - first + needs.len() > FILES => return None,
            Reading::Needs(needs) => {
                for need in needs {
                    match need {
                        ProjectNeed::File(path) => known.insert(&path, project_file(&path, &request.folder)),
                        ProjectNeed::Link(path) => known.insert_link(&path, project_link(&path)),
                    }
                }
            }
        }
    }
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
        let Some(context) = text("context").filter(|context| context.starts_with('/')) else { continue };
        let dockerfile = text("dockerfile").unwrap_or("Dockerfile");
        let file = if dockerfile.starts_with('/') { dockerfile.to_owned() } else { path::child(context, dockerfile) };
        let source = read
            .entry(file)
            .or_insert_with_key(|file| super::read_source(Path::new(file), super::DOCKERFILE_LIMIT).ok())
            .clone();
        dockerfiles.extend(source.map(|source| (name.to_owned(), source)));
    }
    dockerfiles
}
