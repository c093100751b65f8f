//! The compose files that images may be started with: all of the repository, those for production on top of what they change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::input::PipelineInput;
use crate::build::names_developers;
use crate::compose::is_main_file;
use crate::compose::project::{ComposeProject, ProjectFile};
use crate::deployment::is_written_override;
use crate::inputs::{ComposeInput, ComposeReading, ComposeStart, ProxyConfiguration};
use crate::stack::Stack;
use crate::text::{Source, path};

/// Compose files that are read together.
pub(super) struct StartFiles {
    /// Their paths from the top of the repository, in the order of `--file`.
    pub(super) files: Vec<String>,
    pub(super) project: Arc<ComposeProject>,
    pub(super) dockerfiles: BTreeMap<String, Source>,
    pub(super) proxies: BTreeMap<String, Vec<ProxyConfiguration>>,
    /// Whether the name of one says that it is for developers.
    pub(super) is_for_developers: bool,
}

/// Compose files with their services.
pub(super) struct StartStack<'s> {
    pub(super) files: &'s StartFiles,
    pub(super) stack: Stack<'s>,
}

impl<'s> StartStack<'s> {
    pub(super) fn new(files: &'s StartFiles) -> Self {
        Self { files, stack: Stack::new(&files.project, &files.dockerfiles) }
    }

    /// Whether it is the project that Compose takes by itself at the top of the repository, with all of its files.
    pub(super) fn is_default(&self, input: &PipelineInput) -> bool {
        let project = input.compose.and_then(|compose| compose.reading.project.as_ref());
        project.is_some_and(|project| Arc::ptr_eq(project, &self.files.project))
    }
}

/// The compose files of a repository, those that are asked first in front: what Compose takes by itself, then that without its
/// override, then the files on top of it, then others from the top of the repository down.
pub(super) fn start_files(input: &PipelineInput) -> Vec<StartFiles> {
    let sources = &input.inputs.sources;
    let starts = ComposeStart::all(&input.inputs.workflows).unwrap_or_default();
    let mut composes: Vec<&ComposeInput> = input.inputs.composes.iter().collect();
    composes.sort_by_key(|compose| {
        let place = place(input, compose).unwrap_or_default();
        (!is_taken(input, compose), place.matches('/').count(), place)
    });
    let mut all: Vec<StartFiles> = Vec::new();
    for compose in &composes {
        let Some(name) = place(input, compose) else { continue };
        let is_beside = |other: &&&ComposeInput| {
            let other_name = place(input, other).unwrap_or_default();
            other.file != compose.file
                && is_main_file(path::name(&other_name))
                && path::parent(&other_name) == path::parent(&name)
        };
        let is_alone = compose.request.files.len() == 1 && !is_main_file(path::name(&name));
        let main = if is_alone { composes.iter().find(is_beside) } else { None };
        let is_started_together = |main: &ComposeInput| {
            let main = place(input, main).unwrap_or_default();
            starts.iter().any(|start| start.names(&name) && start.names(&main))
        };
        match main {
            Some(main) if is_started_together(main) || is_overlay(compose, main) => {
                all.extend(on_top(input, main, compose));
            }
            _ => {
                all.extend(files(input, compose));
                if compose.request.files.len() > 1 {
                    all.extend(files(input, &compose.without_overrides(sources)));
                }
            }
        }
    }
    let mut known = BTreeSet::new();
    all.retain(|start| known.insert(start.files.clone()));
    all
}

/// Whether Compose takes a file at the top by itself.
fn is_taken(input: &PipelineInput, compose: &ComposeInput) -> bool {
    input.compose.is_some_and(|main| main.file == compose.file)
}

/// The path of a compose file from the top of the repository; nothing where it is outside.
fn place(input: &PipelineInput, compose: &ComposeInput) -> Option<String> {
    let (path, _) = compose.files.iter().find(|(_, file)| **file == compose.file)?;
    path::relative(path, input.folder).map(str::to_owned)
}

fn files(input: &PipelineInput, compose: &ComposeInput) -> Option<StartFiles> {
    let paths = compose.request.paths();
    let near: Option<Vec<String>> =
        paths.iter().map(|file| path::relative(file, input.folder).map(str::to_owned)).collect();
    // `HAProxy` is not part of a start.
    let is_written = |file: &String| (input.text_of)(file).is_some_and(|text| is_written_override(&text));
    let files: Vec<String> = near?.into_iter().filter(|file| !is_written(file)).collect();
    Some(StartFiles {
        is_for_developers: files.iter().any(|file| names_developers(file)),
        files,
        project: compose.reading.project.clone()?,
        dockerfiles: (*compose.dockerfiles).clone(),
        proxies: (*compose.proxies).clone(),
    })
}

/// Whether a file only changes what the one beside it says: it is not complete, or has a part of its services.
fn is_overlay(compose: &ComposeInput, main: &ComposeInput) -> bool {
    let Some(project) = &compose.reading.project else { return true };
    let names = |project: &ComposeProject| -> BTreeSet<String> {
        project.services().map(|(name, _)| name.to_owned()).collect()
    };
    let is_complete = project.services().all(|(_, service)| {
        service.get("image").is_some_and(|image| !image.is_null()) || service.get("build").is_some()
    });
    let (few, most) = (names(project), main.reading.project.as_deref().map(names).unwrap_or_default());
    !is_complete || few.is_subset(&most) && few.len() < most.len()
}

/// A file on top of the main one of its folder.
fn on_top(input: &PipelineInput, main: &ComposeInput, compose: &ComposeInput) -> Option<StartFiles> {
    let sources = &input.inputs.sources;
    let mut together = main.without_overrides(sources);
    let top = compose.request.paths().into_iter().next()?;
    let mut known = (*together.known).clone();
    known.insert(&top, ProjectFile::Text(input.inputs.source(compose.file).clone()));
    together.request.files.push(top);
    together.reading =
        ComposeReading::of(&together.request, &known, &together.files, input.inputs.source(main.file).name());
    let mut files = files(input, &together)?;
    files.dockerfiles.extend(compose.dockerfiles.iter().map(|(name, source)| (name.clone(), source.clone())));
    files.proxies.extend(compose.proxies.iter().map(|(name, all)| (name.clone(), all.clone())));
    Some(files)
}
