//! What is known while a project is read: its files with their documents, and how much may still be read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::cut_value::CutValue;
use super::document::{ProjectDocument, document};
use super::error::{GapKind, ProjectError, ProjectGap, Stop};
use super::files::{Lookup, ProjectFile};
use super::interpolate::UnsetVariable;
use super::locations::{absolute, relative};
use super::request::{Leniency, ProjectRequest};
use super::value::{ComposePlace, ComposeValue};
use crate::text::{FileId, Source, Span};

/// Values of a project at most, each time that one is copied counted.
const VALUES: usize = 1_000_000;

/// Bytes of a file that is read again which count as one value.
const BYTES_OF_VALUE: usize = 64;

/// Bytes of environment files, each time that one is read, and of values of variables, each time that one is used, at most.
const BYTES: usize = 64 << 20;

/// Files of a project at most, each time that one is read counted.
const FILES: usize = 1_000;

/// Gaps of a project that are noted at most.
const GAPS: usize = 100;

/// What is known while a project is read.
pub(super) struct Loader<'l> {
    pub(super) request: &'l ProjectRequest,
    pub(super) lookup: Lookup<'l>,
    /// The files that were read, in the order of their first use.
    pub(super) sources: Vec<Source>,
    numbers: BTreeMap<String, FileId>,
    /// Documents that were read for the name of the project, and are read again.
    kept: BTreeMap<String, Vec<ProjectDocument>>,
    /// The files whose services others extend.
    pub(super) bases: HashMap<BaseKey, Arc<BaseServices>>,
    pub(super) room: Room,
    reads: usize,
    pub(super) unset: Vec<UnsetVariable>,
    /// Values of environment files that lose a part.
    pub(super) cut: Vec<CutValue>,
    /// What is missing, where reading goes on without it.
    pub(super) gaps: Vec<ProjectGap>,
    /// Places of `version`.
    pub(super) versions: Vec<ComposePlace>,
    /// What is left out, by the path of its file.
    omissions: &'l BTreeMap<String, Vec<Span>>,
}

/// How much may still be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Values that may still be made.
    values: usize,
    /// Bytes of environment files and of values of variables.
    pub(super) bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { values: VALUES, bytes: BYTES }
    }
}

/// A file whose services others extend, and the folder that its paths are seen from.
pub(super) type BaseKey = (String, String);

/// The services of a file that others extend, with their paths as seen from those.
pub(super) struct BaseServices {
    /// What stands under `services`; `None` where the file has none.
    pub(super) services: Option<ComposeValue>,
    /// What the last document of the file takes out.
    pub(super) reset: Vec<Vec<String>>,
    /// The variables that it was read with.
    pub(super) environment: Arc<Variables>,
}

/// Variables of a group of files: those of the files above, and those that the group adds.
#[derive(Debug, Default)]
pub(super) struct Variables {
    above: Option<Arc<Variables>>,
    values: BTreeMap<String, String>,
}

impl Variables {
    /// The variables of a project.
    pub(super) fn of_project(values: BTreeMap<String, String>) -> Self {
        Self { above: None, values }
    }

    /// Those above, and those that say what is not set there.
    pub(super) fn below(above: &Arc<Self>, values: BTreeMap<String, String>) -> Self {
        Self { above: Some(Arc::clone(above)), values }
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&String> {
        let above = self.above.as_ref().and_then(|above| above.get(name));
        above.or_else(|| self.values.get(name))
    }
}

/// Where and how a group of files is read: the files of the project, or those that one `include` names.
#[derive(Clone)]
pub(super) struct Scope {
    /// The folder that relative paths of files are seen from (absolute, but for nested projects).
    pub(super) folder: String,
    /// The folder that relative paths in the values are seen from: absolute for the project, relative for what is included.
    pub(super) working: String,
    pub(super) environment: Arc<Variables>,
    /// The files above that include these.
    pub(super) included: Vec<String>,
}

impl<'l> Loader<'l> {
    pub(super) fn new(
        request: &'l ProjectRequest,
        lookup: Lookup<'l>,
        omissions: &'l BTreeMap<String, Vec<Span>>,
        room: Room,
    ) -> Self {
        Self {
            request,
            lookup,
            sources: Vec::new(),
            numbers: BTreeMap::new(),
            kept: BTreeMap::new(),
            bases: HashMap::new(),
            room,
            reads: 0,
            unset: Vec::new(),
            cut: Vec::new(),
            gaps: Vec::new(),
            versions: Vec::new(),
            omissions,
        }
    }

    /// Whether reading goes on where something is missing.
    pub(super) fn is_lenient(&self) -> bool {
        self.request.leniency != Leniency::None
    }

    /// Whether reading goes on where Compose refuses a value.
    pub(super) fn omits_values(&self) -> bool {
        matches!(self.request.leniency, Leniency::Omissions | Leniency::Trial)
    }

    /// Whether something in a file is refused, and left out.
    pub(super) fn has_omissions(&self, path: &str) -> bool {
        self.omissions.contains_key(path)
    }

    /// Notes what is missing.
    pub(super) fn gap(&mut self, kind: GapKind, error: ProjectError) {
        if self.gaps.len() < GAPS {
            self.gaps.push(ProjectGap { kind, error, is_certain: true });
        }
    }

    /// Whether all of these files can be read; else the first one that cannot is a gap, where gaps are let through.
    pub(super) fn has_files(&mut self, files: &[(String, Option<ComposePlace>)]) -> Result<bool, Stop> {
        if !self.is_lenient() {
            return Ok(true);
        }
        for (path, place) in files {
            let path = absolute(&self.request.folder, path);
            if !matches!(self.lookup.file(&path)?, ProjectFile::Text(_)) {
                let shown = relative(&self.request.folder, &path);
                let error = ProjectError::at(*place, format!("`{shown}` cannot be read"));
                self.gap(GapKind::File, error.help("what it adds is not checked"));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The paths of the files that were read, in the order of their numbers.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = vec![String::new(); self.sources.len()];
        for (path, number) in &self.numbers {
            if let Some(slot) = paths.get_mut(number.0 as usize) {
                slot.clone_from(path);
            }
        }
        paths
    }

    /// Registers a file that places point into.
    pub(super) fn number(&mut self, path: &str, source: &Source) -> FileId {
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        let number = FileId(self.sources.len() as u32);
        self.sources.push(source.clone());
        self.numbers.insert(path.to_owned(), number);
        number
    }

    /// Counts copies of values.
    pub(super) fn spend(&mut self, value: &ComposeValue) -> Result<(), Stop> {
        match self.room.values.checked_sub(value.size()) {
            Some(room) => {
                self.room.values = room;
                Ok(())
            }
            None => Err(value.error(format!("the project has more than {VALUES} values")).into()),
        }
    }

    /// Keeps documents until they are asked for again.
    pub(super) fn keep(&mut self, path: &str, documents: Vec<ProjectDocument>) {
        self.kept.insert(path.to_owned(), documents);
    }

    /// The documents of a file. `place`: where it is named.
    pub(super) fn documents(&mut self, path: &str, place: Option<ComposePlace>) -> Result<Vec<ProjectDocument>, Stop> {
        if let Some(documents) = self.kept.remove(path) {
            return Ok(documents);
        }
        self.reads += 1;
        if self.reads > FILES {
            return Err(ProjectError::at(place, format!("the project reads more than {FILES} files")).into());
        }
        let source = self.lookup.text(path, |message| ProjectError::at(place, message))?;
        let file = self.number(path, source);
        let at = |span: Span| Some(ComposePlace { file, span });
        if let Some(offset) = source.first_invalid()
            && !self.omits_values()
        {
            let error = ProjectError::at(at(Span::at(offset)), "the file is not UTF-8");
            return Err(error.help("save it as UTF-8").into());
        }
        if !self.omissions.is_empty() {
            // The whole project is read again for each value that is left out.
            self.room.values = self.room.values.saturating_sub(source.text().len() / BYTES_OF_VALUE);
        }
        let tree = self.lookup.tree(path, source);
        if let Some(problem) = tree.problems().first()
            && !self.omits_values()
        {
            let error = ProjectError::at(at(problem.span), problem.message.clone());
            let line = source.slice(source.line_span(source.line(problem.span.start)));
            let has_tab = line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
            return Err(if has_tab { error.help("YAML is indented with spaces, not with tabs") } else { error }.into());
        }
        let omissions = self.omissions.get(path).map(Vec::as_slice).unwrap_or_default();
        let mut documents = Vec::new();
        for root in tree.documents() {
            documents.push(document(root, file, omissions, &mut self.room.values)?);
        }
        Ok(documents)
    }
}
