//! A compose file around a build, as a part of the project that it makes with the files below it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::found_services::FoundServices;
use crate::compose::project::{
    ComposeMap, ComposeProject, ComposeValue, Leniency, ProjectFiles, ProjectRequest, Reading,
};
use crate::inputs::{ComposeInput, Inputs};
use crate::load::compose_input::{dockerfile_path, request_below};
use crate::load::compose_project::complete_reading;
use crate::load::file::{folder_of, read_source};
use crate::text::{FileId, Source};

/// Services of one project that are looked at.
const SERVICES: usize = 1_000;

/// Dockerfiles of one project that are looked at.
const DOCKERFILES: usize = 40;

/// Bytes that a compose file, or a Dockerfile that it names, may have.
const LIMIT: u64 = 1 << 20;

/// Reads the compose files around the builds of a run, each once.
#[derive(Debug)]
pub(super) struct ComposeReader<'i> {
    /// The files that are checked in this run, by their paths without links.
    checked: BTreeMap<PathBuf, &'i ComposeInput>,
    parts: Mutex<BTreeMap<PathBuf, Arc<ReadPart>>>,
}

/// A file as it was read; `None` where it cannot be.
type ReadPart = OnceLock<Option<Arc<ComposePart>>>;

/// A compose file around a build, with the project that it makes together with the files below it.
#[derive(Debug)]
pub(super) struct ComposePart {
    path: PathBuf,
    source: Source,
    request: ProjectRequest,
    known: ProjectFiles,
    /// What is written, also where Compose refuses some of it.
    pub(super) written: ComposeProject,
    /// What Compose runs.
    accepted: OnceLock<Option<ComposeProject>>,
    /// The services of what is written.
    found_services: OnceLock<FoundServices>,
}

/// A service of which a compose file says something.
pub(super) struct PartService<'p> {
    pub(super) name: &'p str,
    pub(super) value: &'p ComposeValue,
    /// The file that says it, as the user would type it.
    pub(super) file: &'p str,
}

impl<'i> ComposeReader<'i> {
    /// What the run has checked is not looked for again.
    pub(super) fn new(inputs: &'i Inputs) -> Self {
        let real = |input: &ComposeInput| Path::new(inputs.source(input.file).name()).canonicalize().ok();
        let checked = inputs.composes.iter().filter_map(|input| Some((real(input)?, input))).collect();
        Self { checked, parts: Mutex::default() }
    }

    /// A file with those below it. `None` where nothing can be read.
    pub(super) fn part(&self, path: PathBuf) -> Option<Arc<ComposePart>> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(parts.entry(path.clone()).or_default());
        drop(parts);
        slot.get_or_init(|| ComposePart::read(path, &self.checked).map(Arc::new)).clone()
    }
}

impl ComposePart {
    fn read(path: PathBuf, checked: &BTreeMap<PathBuf, &ComposeInput>) -> Option<Self> {
        let source = read_source(&path, LIMIT).ok()?;
        let checked = path.canonicalize().ok().and_then(|real| checked.get(&real).copied());
        let (request, mut known) = request_below(&path, checked);
        // The services of all profiles.
        let request = ProjectRequest { profiles: vec!["*".to_owned()], ..request };
        let written = complete(&ProjectRequest { leniency: Leniency::Omissions, ..request.clone() }, &mut known)?;
        Some(Self { path, source, request, known, written, accepted: OnceLock::new(), found_services: OnceLock::new() })
    }

    /// What Compose runs; `None` where it refuses the project.
    pub(super) fn accepted(&self) -> Option<&ComposeProject> {
        let read =
            || complete(&ProjectRequest { leniency: Leniency::None, ..self.request.clone() }, &mut self.known.clone());
        self.accepted.get_or_init(read).as_ref()
    }

    /// The services of what is written.
    pub(super) fn found_services(&self) -> &FoundServices {
        let bases = || dockerfiles(&self.written).iter().flat_map(bases).collect::<Vec<_>>().into_iter();
        let services = || self.services(&self.written).map(|service| (service.name, service.value, service.file));
        self.found_services.get_or_init(|| FoundServices::of(&self.written, services(), bases()))
    }

    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// The services of one of the projects of which the file says something. Those of files that it includes count too.
    pub(super) fn services<'p>(&'p self, project: &'p ComposeProject) -> impl Iterator<Item = PartService<'p>> {
        let path = self.request.paths().pop();
        let number = project.paths.iter().position(|other| Some(other) == path.as_ref()).map(|at| FileId(at as u32));
        // Without files below it, it says all.
        let is_whole = self.request.files.len() == 1;
        let services = project.model.get("services").and_then(ComposeValue::as_map);
        let services = services.into_iter().flat_map(ComposeMap::iter).take(SERVICES);
        services.filter_map(move |(name, entry)| {
            let is_named = number.is_some_and(|number| entry.is_written_in(&|file| file == number));
            let other = entry.key.and_then(|place| project.sources.get(place.file.0 as usize));
            let file = match other {
                Some(_) if !is_named && !is_whole => return None,
                Some(other) if !is_named => other.name(),
                _ => self.source.name(),
            };
            Some(PartService { name, value: &entry.value, file })
        })
    }
}

fn complete(request: &ProjectRequest, known: &mut ProjectFiles) -> Option<ComposeProject> {
    match complete_reading(request, known) {
        Reading::Read(project) => Some(*project),
        _ => None,
    }
}

/// The Dockerfiles that a project builds from.
fn dockerfiles(project: &ComposeProject) -> Vec<Source> {
    let paths: BTreeSet<String> =
        project.services().filter_map(|(_, service)| dockerfile_path(service.get("build")?)).collect();
    paths.iter().take(DOCKERFILES).filter_map(|path| read_source(Path::new(path), LIMIT).ok()).collect()
}

/// The base images of a Dockerfile, as they are written.
pub(super) fn bases(dockerfile: &Source) -> Vec<String> {
    let words = dockerfile.text().lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let of = |words: Vec<&str>| {
        let from = words.first().is_some_and(|first| first.eq_ignore_ascii_case("from"));
        if from { words.into_iter().skip(1).find(|word| !word.starts_with("--")).map(str::to_owned) } else { None }
    };
    words.filter_map(of).collect()
}
