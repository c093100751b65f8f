//! What was found or named ─► the Dockerfiles in it, with what other files say of their builds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::LoadError;
use super::compose::{BuildOrigin, NamedBuild, unfold};
use super::compose_input::{ComposeFile, read_composes};
use super::disk::Disk;
use super::file::{COMPOSE_LIMIT, display_path, folder_of, lists_builds, problem};
use super::project_files::ProjectFiles;
use super::recipes::Contexts;
use super::request::{ComposeOptions, GatherRequest};
use crate::compose::holds_services;
use crate::data;
use crate::inputs::{InputProblem, Inputs, RunOptions};
use crate::text::path::is_compose;
use crate::text::{FileId, Source};

/// A Dockerfile's text with its file, and what another file says of its build.
pub(super) type DockerfileText = (PathBuf, FileId, Source, Option<BuildOrigin>);

/// Builds by their Dockerfiles.
type BuildsByDockerfile = BTreeMap<PathBuf, Vec<NamedBuild>>;

/// What was read.
pub(super) struct ReadFiles {
    /// The Dockerfiles in it.
    pub texts: Vec<DockerfileText>,
    /// The compose files in it.
    pub composes: Vec<ComposeFile>,
    /// The contexts of its Dockerfiles that other builds name than the one that is looked at.
    pub contexts: Contexts,
}

/// The Dockerfiles in what was read, and the compose files. `root`: the folder in which it was found. A Dockerfile that is
/// built in several ways is there once, or once for each way (`each_build`). `around`: other files of the project, which may
/// say how the Dockerfiles are built.
pub(super) fn dockerfiles(
    inputs: &mut Inputs,
    files: impl Iterator<Item = (PathBuf, Result<Source, LoadError>)>,
    (root, request): (Option<&Path>, &GatherRequest),
    around: &ProjectFiles,
) -> ReadFiles {
    let (each_build, options) = (request.each_build, &request.compose);
    let top = around.top.as_deref();
    let (mut dockerfiles, mut inside, mut known) = (Vec::new(), Vec::new(), BuildsByDockerfile::new());
    let (mut lists, mut composes) = (Vec::new(), Vec::new());
    // A file that was asked for may have any name.
    let is_list = |source: &Source| lists_builds(source.name()) || root.is_none() && holds_services(source);
    for (path, source) in files {
        match source {
            Ok(source) if source.bytes().len() as u64 > COMPOSE_LIMIT && is_list(&source) => {
                inputs.problems.push(problem(&LoadError::Huge(path, COMPOSE_LIMIT)));
            }
            Ok(source) if is_list(&source) => {
                if is_compose(source.name()) || holds_services(&source) {
                    composes.push((path.clone(), source.clone()));
                }
                lists.push((path, source));
            }
            Ok(source) => dockerfiles.push((path, source, None)),
            Err(error) => inputs.problems.push(problem(&error)),
        }
    }
    let composes = read_composes(composes, options);
    let by_path: BTreeMap<&Path, &ComposeFile> = composes.iter().map(|file| (file.path.as_path(), file)).collect();
    // A file that several include is read with each of them.
    let mut visited = BTreeSet::new();
    let mut is_first = |inline: &Source| {
        let embedding = inline.embedding();
        visited.insert(embedding.map(|embedding| (embedding.host.name().to_owned(), embedding.span.start)))
    };
    for (path, source) in lists {
        let unfolded = unfold(&path, &source, (root, top), by_path.get(path.as_path()).copied(), &request.disk);
        inputs.problems.extend(unfolded.problems);
        inputs.notices.extend(unfolded.notices);
        let inline = unfolded.inline.into_iter().filter(|(inline, _)| is_first(inline));
        inside.extend(inline.map(|(inline, origin)| (path.clone(), inline, Some(origin))));
        for named in unfolded.named {
            known.entry(named.real.clone()).or_default().push(named);
        }
    }
    let mut choice = BuildChoice { known, around: builds_around(around, &request.disk), contexts: Contexts::new() };
    let mut all: Vec<(PathBuf, Source, Option<BuildOrigin>)> = Vec::new();
    for (path, source, origin) in dockerfiles {
        match choice.builds(&path, request) {
            Some(builds) => {
                all.extend(origins(&path, builds, each_build).map(|origin| (path.clone(), source.clone(), origin)));
            }
            None => all.push((path, source, origin)),
        }
    }
    let BuildChoice { known, contexts, .. } = choice;
    for builds in known.into_values() {
        if let Some((path, source)) = next_unread_dockerfile(inputs, &builds) {
            all.extend(origins(&path, builds, each_build).map(|origin| (path.clone(), source.clone(), origin)));
        }
    }
    let mut texts = Vec::new();
    for (path, source, origin) in all.into_iter().chain(inside) {
        texts.push((path, inputs.add(source.clone()), source, origin));
    }
    ReadFiles { texts, composes, contexts }
}

/// Which builds of a Dockerfile are looked at.
struct BuildChoice {
    /// Those of files that were asked for.
    known: BuildsByDockerfile,
    /// Those of other files of the project.
    around: BuildsByDockerfile,
    /// The contexts of the others.
    contexts: Contexts,
}

impl BuildChoice {
    /// The builds of a Dockerfile; `None` if no file lists one, or the context is typed.
    fn builds(&mut self, path: &Path, request: &GatherRequest) -> Option<Vec<NamedBuild>> {
        if self.known.is_empty() && self.around.is_empty() {
            return None;
        }
        let real = request.disk.real_path(path)?;
        let (mut builds, around) = (self.known.remove(&real), self.around.remove(&real));
        let contexts = self.contexts.entry(real).or_default();
        if builds.is_none() && request.file.is_none() {
            builds = around;
        } else {
            contexts.extend(around.iter().flatten().map(NamedBuild::context));
        }
        if !request.each_build {
            contexts.extend(builds.iter().flatten().skip(1).map(NamedBuild::context));
        }
        builds
    }
}

/// What other files of the project build.
fn builds_around(around: &ProjectFiles, disk: &Disk) -> BuildsByDockerfile {
    let mut known = BuildsByDockerfile::new();
    let composes = around.composes.iter().filter(|(_, source)| is_compose(source.name())).cloned().collect();
    let composes = read_composes(composes, &ComposeOptions::default());
    for (path, source) in &around.composes {
        let compose = composes.iter().find(|file| file.path == *path);
        let folder = folder_of(path);
        let top = around.top.as_deref();
        for named in unfold(path, source, (top.or(Some(folder)), top), compose, disk).named {
            known.entry(named.real.clone()).or_default().push(named);
        }
    }
    known
}

/// A Dockerfile that only the files which build it know as one.
fn next_unread_dockerfile(inputs: &mut Inputs, builds: &[NamedBuild]) -> Option<(PathBuf, Source)> {
    let path = builds.first()?.path.clone();
    match super::read_source(&path, super::DOCKERFILE_LIMIT) {
        Ok(source) => Some((path, source)),
        Err(error) => {
            // That it is missing is told with the compose file.
            let fatal = !matches!(error, LoadError::Missing(_));
            inputs.problems.push(InputProblem { fatal, ..problem(&error) });
            None
        }
    }
}

/// The ways in which a Dockerfile is built: one for all, or each one.
fn origins(path: &Path, builds: Vec<NamedBuild>, each_build: bool) -> impl Iterator<Item = Option<BuildOrigin>> {
    let mut ways: Vec<Vec<NamedBuild>> = Vec::new();
    for build in builds {
        let is_same = |way: &&mut Vec<NamedBuild>| {
            way.first().is_some_and(|first| !each_build || first.origin.has_same_key(&build.origin))
        };
        match ways.iter_mut().find(is_same) {
            Some(way) => way.push(build),
            None => ways.push(vec![build]),
        }
    }
    ways.into_iter().map(move |builds| {
        let target = if each_build { builds.first()?.origin.target.clone() } else { shipped_target(&builds) };
        let origin = merge_origins(path, builds)?;
        Some(BuildOrigin { target, ..origin })
    })
}

/// The stage that is built where the others are built for developers; `None` where a build takes the last stage, or no name says
/// that another one is for developers.
fn shipped_target(builds: &[NamedBuild]) -> Option<String> {
    let targets: Option<BTreeSet<&str>> = builds.iter().map(|named| named.origin.target.as_deref()).collect();
    let is_for_developers = |name: &&str| {
        let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.any(|word| data::NAME_WORDS.has(&word.to_ascii_lowercase(), "developers-only"))
    };
    let (for_developers, shipped): (Vec<&str>, Vec<&str>) = targets?.into_iter().partition(is_for_developers);
    match shipped[..] {
        [target] if !for_developers.is_empty() => Some(target.to_owned()),
        _ => None,
    }
}

/// One look at a Dockerfile that several may build: as the first does. Its last stage counts whichever stages they build, or
/// what others ship would not be looked at.
pub(super) fn merge_origins(path: &Path, builds: Vec<NamedBuild>) -> Option<BuildOrigin> {
    let has_init = builds.iter().all(|named| named.origin.run.has_init);
    let has_rights = builds.iter().any(|named| named.origin.run.has_rights);
    let is_opened = builds.iter().any(|named| named.origin.run.is_opened);
    let is_on_demand = builds.iter().all(|named| named.origin.run.is_on_demand);
    let checks = builds.iter().flat_map(|named| named.origin.run.checks.clone()).collect();
    let is_for_development = builds.iter().any(|named| named.origin.run.is_for_development);
    let commands = builds.iter().flat_map(|named| named.origin.run.commands.clone()).collect();
    let numbers = builds.iter().flat_map(|named| named.origin.run.numbers.clone()).collect();
    let lacks_variables = builds.iter().any(|named| named.origin.run.lacks_variables);
    let mut mounts: Vec<String> = builds.iter().flat_map(|named| named.origin.run.mounts.clone()).collect();
    mounts.sort();
    mounts.dedup();
    let mut targets: Vec<String> = builds.iter().filter_map(|named| named.origin.target.clone()).collect();
    targets.sort();
    targets.dedup();
    let user = builds.iter().find_map(|named| named.origin.run.user.clone());
    let signal = builds.first().and_then(|named| named.origin.run.stop_signal.clone());
    let stop_signal = if builds.iter().all(|named| named.origin.run.stop_signal.is_some()) { signal } else { None };
    let mut services: Vec<String> = Vec::new();
    for name in builds.iter().flat_map(|named| &named.origin.services) {
        if !services.contains(name) {
            services.push(name.clone());
        }
    }
    let first = builds.into_iter().next()?;
    let run = RunOptions {
        user,
        stop_signal,
        has_init,
        has_rights,
        is_opened,
        is_on_demand,
        mounts,
        checks,
        is_for_development,
        commands,
        numbers,
        lacks_variables,
    };
    let mut origin = BuildOrigin { target: None, run, services, ..first.origin };
    let folder = display_path(origin.context.as_deref()?);
    let is_beside = path.parent().is_some_and(|parent| display_path(parent) == folder);
    let mut notes = Vec::new();
    if !is_beside {
        notes.push(format!("the build context is `{folder}`"));
    }
    if !origin.args.is_empty() {
        let names: Vec<&str> = origin.args.iter().take(5).map(|(name, _)| name.as_str()).collect();
        notes.push(format!("the build arguments from there are used ({})", names.join(", ")));
    }
    if !targets.is_empty() {
        notes.push(format!("stages built: `{}` (select one with `--target`)", targets.join("`, `")));
    }
    origin.notice = (!notes.is_empty()).then(|| format!("{}: {}: {}", display_path(path), first.by, notes.join("; ")));
    Some(origin)
}
