//! Rules about compose files: what they can ask, and how they report. Their pages have `subject: compose`.

use super::reporter::Reporter;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeProject, ComposeValue};
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::inputs::{
    CheckedSources, ComposeInput, ComposeUse, Date, MissingDockerfile, MissingPath, NamedPath, ProxyConfiguration,
    named_paths,
};
use crate::stack::{Stack, StackService};
use crate::text::{Edit, FileId, Source, Span, path};
use crate::yaml::{NewValue, YamlEditor};

/// The check function of a rule about compose files.
pub type ComposeCheck = fn(&ComposeContext, &mut Findings);

/// A compose file, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct ComposeContext<'a> {
    pub(super) reporter: Reporter,
    pub(super) input: &'a ComposeInput,
    pub(super) project: &'a ComposeProject,
    pub(super) stack: &'a Stack<'a>,
    /// The file, and those of its parts.
    pub(super) editors: &'a [(FileId, YamlEditor<'a>)],
    /// Today, if it is known.
    pub(super) today: Option<Date>,
    /// All compose files of the run.
    pub(super) others: &'a [ComposeInput],
}

impl<'a> ComposeContext<'a> {
    /// The project that the file belongs to.
    pub fn project(&self) -> &'a ComposeProject {
        self.project
    }

    /// Today, if it is known.
    pub fn today(&self) -> Option<Date> {
        self.today
    }

    /// Its services.
    pub fn stack(&self) -> &'a Stack<'a> {
        self.stack
    }

    /// The services in the order of their names.
    pub fn services(&self) -> impl Iterator<Item = &'a StackService<'a>> {
        self.stack.services.iter()
    }

    /// The image that the file chooses for a service; `None` where it is built or a variable names it.
    pub fn chosen_image(&self, service: &StackService<'a>) -> Option<&'a str> {
        let place = service.value.get("image").and_then(|value| value.place);
        let is_variable = self.text_at(place).is_some_and(|text| text.contains('$'));
        if is_variable { None } else { service.image_name() }
    }

    /// Where the name of a service is written in the file that says what it runs; `None` where that is not
    /// judged here.
    pub fn image_place(&self, service: &StackService<'a>) -> Option<ComposePlace> {
        let Some(image) = ["image", "build"].iter().find_map(|key| service.value.get(key)?.place) else {
            return service.place;
        };
        self.judged_file(image)?;
        let names = self.places_of(&["services", service.name]);
        names.into_iter().find(|name| image.file == name.file).or(service.place)
    }

    /// How the repository uses the file and the images in it.
    pub fn compose_use(&self) -> &'a ComposeUse {
        &self.input.compose_use
    }

    /// The name of the file.
    pub fn name(&self) -> &'a str {
        self.editors.iter().find(|(file, _)| *file == self.file()).map_or("", |(_, editor)| editor.source().name())
    }

    /// The services of the project, and those of the other compose files of its folder.
    pub fn services_of_folder(&self) -> impl Iterator<Item = (&'a str, &'a ComposeValue)> {
        let others = self.others.iter().filter_map(|other| other.reading.project.as_ref());
        let others = others.filter(|project| project.folder == self.project.folder);
        self.project.services().chain(others.flat_map(|project| project.services()))
    }

    /// The text of the file.
    pub fn text(&self) -> &'a str {
        self.editors.iter().find(|(file, _)| *file == self.file()).map_or("", |(_, editor)| editor.source().text())
    }

    /// The configuration of the proxy in a service.
    pub fn proxies(&self, service: &StackService) -> &'a [ProxyConfiguration] {
        self.input.proxies.get(service.name).map_or(&[], Vec::as_slice)
    }

    /// The Dockerfile of a service, where it is named and not there.
    pub fn missing_dockerfile(&self, service: &StackService) -> Option<&'a MissingDockerfile> {
        self.input.missing_dockerfiles.get(service.name)
    }

    /// The paths that the project names and that are not there, and what they are needed for; not those that something
    /// makes before the start.
    pub fn missing_paths(&self) -> impl Iterator<Item = (NamedPath<'a>, &'a MissingPath)> {
        let missing = &self.input.missing_paths;
        let paths = if missing.is_empty() { Vec::new() } else { named_paths(self.project) };
        let paths = paths.into_iter().filter_map(|path| missing.get(&path.path).map(|missing| (path, missing)));
        paths.filter(|(_, missing)| !missing.is_made)
    }

    /// Whether git has an environment file, by its absolute path.
    pub fn is_committed(&self, path: &str) -> bool {
        self.input.committed_files.contains(path)
    }

    /// The same service in the other compose files of its folder: they may be put on top of this one.
    pub fn twins(&self, service: &StackService) -> impl Iterator<Item = &'a ComposeValue> {
        let name = service.name.to_owned();
        let others = self.others.iter().filter(|other| other.file != self.file());
        let projects = others.filter_map(|other| other.reading.project.as_ref());
        let same = projects.filter(|project| project.folder == self.project.folder);
        same.filter_map(move |project| project.services().find(|(other, _)| *other == name).map(|(_, value)| value))
    }

    /// The name of another file that Compose joins with this one, and in which the same service has what `place_of` finds.
    pub fn joined_file(
        &self,
        service: &StackService,
        place_of: impl Fn(&ComposeValue) -> Option<ComposePlace>,
    ) -> Option<&'a str> {
        self.others.iter().find_map(|other| {
            let paths = other.request.paths();
            let mut files = paths.iter().filter_map(|path| other.files.get(path));
            if !files.any(|file| *file == self.file()) {
                return None;
            }
            let project = other.reading.project.as_ref()?;
            let (_, value) = project.services().find(|(name, _)| *name == service.name)?;
            let place = place_of(value)?;
            let is_other = other.locate(place).is_some_and(|file| file != self.file());
            if is_other { project.sources.get(place.file.0 as usize).map(Source::name) } else { None }
        })
    }

    /// What the sources of a service say of its healthcheck; `None` where they were not read.
    pub fn checked_sources(&self, service: &StackService) -> Option<&'a CheckedSources> {
        self.input.checked_sources.get(service.name)
    }

    /// The file.
    pub fn file(&self) -> FileId {
        self.input.file
    }

    /// Whether a place is in a file of a development container.
    pub fn is_for_developers(&self, place: ComposePlace) -> bool {
        self.text_of(place).is_some_and(|source| source.name().split('/').any(|part| part == ".devcontainer"))
    }

    /// What is written at a place of the file or of one of its parts; `None` for places in others.
    pub fn text_at(&self, place: Option<ComposePlace>) -> Option<&'a str> {
        let place = place?;
        self.judged_file(place)?;
        self.text_of(place)?.text().get(place.span.range())
    }

    /// What stands before a place in its line.
    pub fn line_before(&self, place: Option<ComposePlace>) -> Option<&'a str> {
        let place = place?;
        self.judged_file(place)?;
        let before = self.text_of(place)?.text().get(..place.span.start as usize)?;
        before.rsplit('\n').next()
    }

    /// The file that a place is in, if findings in it are this project's.
    fn judged_file(&self, place: ComposePlace) -> Option<FileId> {
        let file = self.input.locate(place)?;
        (file == self.file() || self.input.parts.contains(&file)).then_some(file)
    }

    fn text_of(&self, place: ComposePlace) -> Option<&'a Source> {
        self.project.sources.get(place.file.0 as usize)
    }

    /// A finding of this rule; `None` where the place is in another file, or nowhere.
    pub fn finding(&self, place: Option<ComposePlace>, message: impl Into<String>) -> Option<Finding> {
        let place = place?;
        let (file, source) = (self.judged_file(place)?, self.text_of(place)?);
        Some(self.reporter.finding_in(file, source, place.span, message))
    }

    /// The finding with edits that make `changes`, all or none; where the files do not allow them, with a note that
    /// says why.
    pub fn fixed(&self, finding: Finding, title: &str, safety: Safety, changes: &[KeyChange<'_>]) -> Finding {
        let mut edits = Vec::new();
        for change in changes {
            match self.edit_near(finding.file, change) {
                Ok(edit) => edits.push(edit),
                Err(why) => return unfixed(finding, &why),
            }
        }
        edits.sort_by(|a, b| (&a.target, a.span).cmp(&(&b.target, b.span)));
        // Two services may wait for the same new check.
        edits.dedup();
        let mut finding = finding;
        finding.fixes.push(Fix { title: title.to_owned(), safety, edits });
        finding
    }

    /// Whether a change can be made.
    ///
    /// # Errors
    /// Why the files do not allow it, in one sentence without a full stop.
    pub fn edit(&self, change: &KeyChange<'_>) -> Result<FileEdit, String> {
        self.edit_near(self.file(), change)
    }

    /// The edit that makes a change: in the file of the finding where that has the service, else in the one that has it.
    fn edit_near(&self, file: FileId, change: &KeyChange<'_>) -> Result<FileEdit, String> {
        let path = match change {
            KeyChange::Set(path, _) | KeyChange::Remove(path) => path,
            KeyChange::Impossible(why) => return Err(why.clone()),
        };
        let WrittenKey { file, editor, path } = self.written_near(file, path);
        self.is_editable(file)?;
        let Edit { span, text } = match change {
            KeyChange::Set(_, value) => editor.set(&path, value)?,
            KeyChange::Remove(_) | KeyChange::Impossible(_) => editor.remove(&path)?,
        };
        Ok(FileEdit { target: Target::File(file), span, text })
    }

    /// The file that a key is changed in, and how the key is called there.
    fn written_near<'k>(&self, file: FileId, path: &[&'k str]) -> WrittenKey<'a, 'k>
    where
        'a: 'k,
    {
        let is_first = |(known, _): &&(FileId, YamlEditor)| *known == file;
        let first = self.editors.iter().filter(is_first);
        let mut all = first.chain(self.editors.iter().filter(|known| !is_first(known)));
        all.find_map(|(file, editor)| self.written_in(*file, editor, path)).unwrap_or_else(|| {
            let (file, editor) = &self.editors[0];
            WrittenKey { file: *file, editor, path: path.to_vec() }
        })
    }

    /// A key as a file has it: a service that is extended may have another name.
    fn written_in<'k>(&self, file: FileId, editor: &'a YamlEditor<'a>, path: &[&'k str]) -> Option<WrittenKey<'a, 'k>>
    where
        'a: 'k,
    {
        let ["services", name, below @ ..] = path else {
            return editor.has(path).then(|| WrittenKey { file, editor, path: path.to_vec() });
        };
        if file == self.file() {
            return editor.has(&path[..2]).then(|| WrittenKey { file, editor, path: path.to_vec() });
        }
        let service = self.stack.service(name)?;
        let wanted = below.first().and_then(|key| service.value.as_map()?.entry(key)?.value.place);
        let keys = service.value.as_map().into_iter().flat_map(ComposeMap::iter);
        let places = keys.filter_map(|(_, entry)| entry.value.place).chain(service.place);
        let mut places = wanted.into_iter().chain(places).filter(|place| self.input.locate(*place) == Some(file));
        let services = editor.keys(&["services"]);
        let holder = |place: ComposePlace| services.iter().find(|(_, span)| span.contains(place.span));
        let (name, _) = places.find_map(holder)?;
        let path = ["services", name].into_iter().chain(below.iter().copied()).collect();
        Some(WrittenKey { file, editor, path })
    }

    /// Whether a file may be changed.
    ///
    /// # Errors
    /// Why not, in one sentence without a full stop.
    fn is_editable(&self, file: FileId) -> Result<(), String> {
        let number = self.input.reading.files.iter().position(|known| *known == Some(file));
        let path = number.and_then(|number| self.project.paths.get(number));
        match path {
            Some(path) if file != self.file() && path::relative(path, &self.project.folder).is_none() => {
                Err("it is in a file outside of the project's folder: check and fix that one".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The texts at a place of the files as they are written, variables of Compose among them: those of a list, or one.
    pub fn texts(&self, path: &[&str]) -> Option<Vec<String>> {
        let written = self.editors.iter().filter_map(|(file, editor)| self.written_in(*file, editor, path));
        let mut written = written.filter(|key| key.editor.has(&key.path));
        written.find_map(|key| key.editor.texts(&key.path))
    }

    /// Where a key is written, in each of the files.
    pub fn places_of(&self, path: &[&str]) -> Vec<ComposePlace> {
        let Some((last, above)) = path.split_last() else { return Vec::new() };
        let mut places = Vec::new();
        for (file, editor) in self.editors {
            let number = self.input.reading.files.iter().position(|known| *known == Some(*file));
            let keys = editor.keys(above);
            let key = keys.iter().find(|(key, _)| key == last);
            places.extend(number.zip(key).map(|(number, (key, span))| ComposePlace {
                file: FileId(number as u32),
                span: Span::new(span.start, span.start + key.len() as u32),
            }));
        }
        places
    }

    /// Whether a key is written in one of the files themselves.
    pub fn has_key(&self, path: &[&str]) -> bool {
        let mut written = self.editors.iter().filter_map(|(file, editor)| self.written_in(*file, editor, path));
        written.any(|key| key.editor.has(&key.path))
    }

    /// The finding with another text at a place of the file.
    pub fn replaced(
        &self,
        finding: Finding,
        title: &str,
        safety: Safety,
        place: Option<ComposePlace>,
        text: &str,
    ) -> Finding {
        if let Err(why) = self.is_editable(finding.file) {
            return unfixed(finding, &why);
        }
        let place = place.filter(|place| self.input.locate(*place) == Some(finding.file));
        let Some(ComposePlace { span, .. }) = place else { return finding };
        finding.edits(title, safety, vec![(span, text.to_owned())])
    }
}

/// A key in the file that has it.
struct WrittenKey<'a, 'k> {
    file: FileId,
    editor: &'a YamlEditor<'a>,
    /// As it is written there.
    path: Vec<&'k str>,
}

/// The finding with a note that says why it has no fix; `why`: one sentence without a full stop.
pub(super) fn unfixed(mut finding: Finding, why: &str) -> Finding {
    finding.notes.push(format!("not fixed, because {why}"));
    finding
}

/// A change of a compose file.
#[derive(Clone, Debug)]
pub enum KeyChange<'c> {
    /// A key gets a value.
    Set(Vec<&'c str>, NewValue),
    /// A key goes.
    Remove(Vec<&'c str>),
    /// There is no such change; why, in one sentence without a full stop.
    Impossible(String),
}
