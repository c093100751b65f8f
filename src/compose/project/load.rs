//! Files ─► one tree: each document interpolated, extended, with what it includes, merged on top of those before it
//! (compose-go's `loader` package).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{ProjectDocument, document, take_out};
use super::error::{ProjectError, Stop};
use super::extend::{Chain, apply};
use super::files::Lookup;
use super::include::include;
use super::interpolate::{UnsetVariable, interpolate};
use super::value::{ComposePlace, ComposeValue};
use super::{ProjectRequest, environment, form, merge, resolve, schema, unique};
use crate::text::{FileId, Source, Span};
use crate::yaml;

/// Values of a project at most, each time that one is copied counted.
const VALUES: usize = 1_000_000;

/// Files of a project at most, each time that one is read counted.
const FILES: usize = 1_000;

/// What is known while a project is read.
pub(super) struct Loader<'l> {
    pub(super) request: &'l ProjectRequest,
    pub(super) lookup: Lookup<'l>,
    /// The files that were read, in the order of their first use.
    pub(super) sources: Vec<Source>,
    numbers: BTreeMap<String, FileId>,
    /// Values that may still be made.
    pub(super) room: usize,
    reads: usize,
    pub(super) unset: Vec<UnsetVariable>,
    /// Places of `version`.
    pub(super) versions: Vec<ComposePlace>,
}

/// Where and how a group of files is read: the files of the project, or those that one `include` names.
#[derive(Clone)]
pub(super) struct Scope {
    /// The folder that relative paths of files are seen from (absolute, but for nested projects).
    pub(super) folder: String,
    /// The folder that relative paths in the values are seen from: absolute for the project, relative for what is included.
    pub(super) working: String,
    pub(super) environment: Arc<BTreeMap<String, String>>,
    /// The files above that include these.
    pub(super) included: Vec<String>,
}

/// How far a document is brought.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Depth {
    /// With its bases and what it includes, checked.
    Whole,
    /// As a base of others: only variables and long forms.
    Base,
}

impl<'l> Loader<'l> {
    pub(super) fn new(request: &'l ProjectRequest, lookup: Lookup<'l>) -> Self {
        let (sources, numbers, unset, versions) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
        Self { request, lookup, sources, numbers, room: VALUES, reads: 0, unset, versions }
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
        match self.room.checked_sub(value.size()) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => Err(value.error(format!("the project has more than {VALUES} values")).into()),
        }
    }

    /// The documents of a file. `place`: where it is named.
    pub(super) fn documents(&mut self, path: &str, place: Option<ComposePlace>) -> Result<Vec<ProjectDocument>, Stop> {
        self.reads += 1;
        if self.reads > FILES {
            return Err(ProjectError::at(place, format!("the project reads more than {FILES} files")).into());
        }
        let source = self.lookup.text(path, |message| ProjectError::at(place, message))?;
        let file = self.number(path, source);
        let at = |span: Span| Some(ComposePlace { file, span });
        if let Some(offset) = source.first_invalid() {
            let error = ProjectError::at(at(Span::at(offset)), "the file is not UTF-8");
            return Err(error.help("save it as UTF-8").into());
        }
        let tree = yaml::read(source.text());
        if let Some(problem) = tree.problems().first() {
            let error = ProjectError::at(at(problem.span), problem.message.clone());
            let line = source.slice(source.line_span(source.line(problem.span.start)));
            let has_tab = line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
            return Err(if has_tab { error.help("YAML is indented with spaces, not with tabs") } else { error }.into());
        }
        let mut documents = Vec::new();
        for root in tree.documents() {
            documents.push(document(root, file, &mut self.room)?);
        }
        Ok(documents)
    }

    /// Reads files one on top of the other, and completes the result.
    pub(super) fn model(
        &mut self,
        files: &[(String, Option<ComposePlace>)],
        scope: &Scope,
    ) -> Result<ComposeValue, Stop> {
        let mut model = ComposeValue::new(super::value::ComposeData::Map(super::value::ComposeMap::default()), None);
        for (file, place) in files {
            model = self.file(file, *place, scope, Depth::Whole, model)?.0;
        }
        form::set_defaults(&mut model)?;
        form::check(&mut model)?;
        resolve::resolve(&mut model, &scope.working, self)?;
        environment::resolve_names(&mut model, &scope.environment);
        Ok(model)
    }

    /// Reads a file on top of a model. Also gives what its last document takes out.
    pub(super) fn file(
        &mut self,
        path: &str,
        place: Option<ComposePlace>,
        scope: &Scope,
        depth: Depth,
        mut model: ComposeValue,
    ) -> Result<(ComposeValue, Vec<Vec<String>>), Stop> {
        let mut reset = Vec::new();
        for document in self.documents(path, place)? {
            model = self.document(document.value, &document.reset, path, scope, depth, model)?;
            reset = document.reset;
        }
        Ok((model, reset))
    }

    fn document(
        &mut self,
        mut value: ComposeValue,
        reset: &[Vec<String>],
        path: &str,
        scope: &Scope,
        depth: Depth,
        mut model: ComposeValue,
    ) -> Result<ComposeValue, Stop> {
        if value.as_map().is_none() {
            return Err(value.error(format!("the file must hold a mapping, not {}", value.kind())).into());
        }
        let environment = Arc::clone(&scope.environment);
        interpolate(&mut value, &|name| environment.get(name).cloned(), &mut self.unset)?;
        if depth == Depth::Whole {
            apply(&mut value, path, scope, reset, self, &Chain::default())?;
        }
        take_out(&mut model, reset);
        if depth == Depth::Whole {
            include(&mut value, path, scope, self)?;
        }
        let mut model = merge::merge(model, value)?;
        unique::enforce(&mut model)?;
        if depth == Depth::Whole {
            schema::check(&model)?;
            if let Some(version) = model.as_map_mut().and_then(|map| map.remove("version")) {
                self.versions.extend(version.key);
            }
        }
        form::lengthen(&mut model)?;
        drop_empty_dns(&mut model);
        unique::enforce(&mut model)?;
        Ok(model)
    }
}

/// An empty server of `dns` is none: a variable that is not set.
fn drop_empty_dns(model: &mut ComposeValue) {
    let services = model.as_map_mut().and_then(|map| map.get_mut("services")).and_then(ComposeValue::as_map_mut);
    for (_, entry) in services.into_iter().flat_map(super::value::ComposeMap::iter_mut) {
        let dns = entry.value.as_map_mut().and_then(|map| map.get_mut("dns"));
        if let Some(super::value::ComposeData::List(items)) = dns.map(|dns| &mut dns.data) {
            items.retain(|item| !item.is_null() && item.as_text() != Some(""));
        }
    }
}
