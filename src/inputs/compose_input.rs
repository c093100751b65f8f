//! A compose file of the run, with the project that it is part of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compose::project::{
    ComposePlace, ComposeProject, GapKind, Leniency, ProjectError, ProjectFile, ProjectFiles, ProjectRequest, Reading,
    project,
};
use crate::text::{FileId, LineColumn, Source};

/// Every service, whatever its profiles.
const ALL_PROFILES: &str = "*";

/// A compose file that is checked, and what its project is read from.
#[derive(Clone, Debug)]
pub struct ComposeInput {
    /// The file.
    pub file: FileId,
    /// What is read: the file, alone or with those that it belongs to.
    pub request: ProjectRequest,
    /// What is known of the file system.
    pub known: Arc<ProjectFiles>,
    /// The files of the run that projects are read from, by absolute path.
    pub files: Arc<BTreeMap<String, FileId>>,
    /// Files that it includes or extends and that are not checked by themselves: what is found in them is told with it.
    pub parts: Vec<FileId>,
    /// The Dockerfiles of the services, as far as they could be read.
    pub dockerfiles: Arc<BTreeMap<String, Source>>,
    /// What the file comes to.
    pub reading: ComposeReading,
}

/// What a compose file comes to.
#[derive(Clone, Debug, Default)]
pub struct ComposeReading {
    /// The project with the services of all profiles; `None` where it cannot be read.
    pub project: Option<Arc<ComposeProject>>,
    /// The files of the run by the numbers that places of the project have; `None` for files of which nothing is reported.
    pub files: Vec<Option<FileId>>,
    /// What Compose refuses, and what is missing.
    pub problems: Vec<ProjectProblem>,
}

/// Something that Compose refuses, or that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectProblem {
    /// The file, as messages call it.
    pub file: String,
    /// The place in it.
    pub place: Option<LineColumn>,
    /// Whether Compose refuses the project wherever it runs.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ComposeInput {
    /// Reads the project again where one of its files changed.
    #[must_use]
    pub fn with_sources(&self, before: &[Source], now: &[Source]) -> Self {
        let text = |sources: &[Source], file: FileId| sources.get(file.0 as usize).map(Source::shared_text);
        if self.files.values().all(|file| text(before, *file) == text(now, *file)) {
            return self.clone();
        }
        let mut known = (*self.known).clone();
        for (path, file) in &*self.files {
            if let Some(source) = now.get(file.0 as usize) {
                known.insert(path, ProjectFile::Text(source.clone()));
            }
        }
        let reading = ComposeReading::of(&self.request, &known, &self.files, self.name(now));
        Self { known: Arc::new(known), reading, ..self.clone() }
    }

    fn name<'s>(&self, sources: &'s [Source]) -> &'s str {
        sources.get(self.file.0 as usize).map_or("", Source::name)
    }

    /// The file and the place in it that a place of the project means; `None` for files of which nothing is reported.
    pub fn locate(&self, place: ComposePlace) -> Option<FileId> {
        *self.reading.files.get(place.file.0 as usize)?
    }
}

impl ComposeReading {
    /// Reads a project; `name`: the file that is checked, as messages call it.
    pub fn of(request: &ProjectRequest, known: &ProjectFiles, files: &BTreeMap<String, FileId>, name: &str) -> Self {
        let read = |leniency: Leniency, profiles: &[String]| {
            project(&ProjectRequest { leniency, profiles: profiles.to_vec(), ..request.clone() }, known)
        };
        let all = [ALL_PROFILES.to_owned()];
        let mut reading = Self::default();
        let project = match read(Leniency::Gaps, &request.profiles) {
            Reading::Read(project) => {
                reading.gaps(&project, name);
                match (project.disabled.is_empty(), read(Leniency::Gaps, &all)) {
                    (false, Reading::Read(whole)) => Some(whole),
                    _ => Some(project),
                }
            }
            Reading::Refused { error, sources, is_incomplete: false } => {
                reading.problem(&error, &sources, name, true);
                None
            }
            Reading::Refused { error, sources, .. } => {
                reading.problem(&error, &sources, name, false);
                match read(Leniency::StandIns, &all) {
                    Reading::Read(project) => Some(project),
                    _ => None,
                }
            }
            Reading::Needs(_) => None,
        };
        if let Some(project) = project {
            reading.files = project.paths.iter().map(|path| files.get(path).copied()).collect();
            reading.project = Some(Arc::new(*project));
        }
        reading
    }

    fn gaps(&mut self, project: &ComposeProject, name: &str) {
        for gap in &project.gaps {
            let is_error = match gap.kind {
                GapKind::Variable | GapKind::EnvironmentFile | GapKind::RemoteFile => false,
                GapKind::File => true,
                GapKind::Reference => project.unset.is_empty() && project.gaps.len() == 1,
            };
            self.problem(&gap.error, &project.sources, name, is_error);
        }
    }

    fn problem(&mut self, error: &ProjectError, sources: &[Source], name: &str, is_error: bool) {
        let source = error.place.and_then(|place| Some((sources.get(place.file.0 as usize)?, place.span)));
        let (file, place) = match source {
            Some((source, span)) => (source.name(), Some(source.line_column(span.start))),
            None => (name, None),
        };
        let (message, help) = (error.message.clone(), error.help.clone());
        self.problems.push(ProjectProblem { file: file.to_owned(), place, is_error, message, help });
    }
}
