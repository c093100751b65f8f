//! Reads the beginnings of the files that a container starts with, of the sources of one that runs as root, of those that
//! look like secrets and of the texts for people beside them, of those that ADD takes, and of those by which a step may
//! ask git, and the scripts that RUNs call.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::looked_at::note_glimpse;
use super::source_texts::{self, wanted_files};
use crate::build::{Build, IgnoredName, Setting, User, service, toolchain};
use crate::dockerfile::Keyword;
use crate::ignore::MatchedPatterns;
use crate::inputs::context::{ClassKind, classify};
use crate::inputs::{BuildInput, IgnoreInput};
use crate::manifest::FileKind;
use crate::text::path;

/// What git does not record.
const GIT_IGNORE: &str = ".gitignore";

/// Files that are read.
const MOST: usize = 200;

/// Scripts that RUNs call and that are read.
const MOST_CALLED: usize = 20;

/// By their paths in the context; what can't be read is left out.
pub(super) fn texts(root: &Path, input: &BuildInput) -> BTreeMap<String, Vec<u8>> {
    let build = Build::new(input);
    let mut paths = started_and_secret(root, input, &build);
    let mut texts = BTreeMap::new();
    read(root, vec![GIT_IGNORE.to_owned()], &mut texts);
    let ignored = texts.get(GIT_IGNORE).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
    paths.extend(sources(&build, copies_environment(&build, &ignored)));
    let readers = build.history_readers();
    paths.extend(readers.iter().cloned());
    read(root, paths, &mut texts);
    // A makefile asks git through a script as often as by itself.
    let texts_of_readers = readers.iter().filter_map(|path| std::str::from_utf8(texts.get(path)?).ok());
    let scripts: Vec<String> = texts_of_readers.flat_map(|text| build.scripts_named_in(text)).collect();
    read(root, scripts, &mut texts);
    texts
}

/// As [`texts`], without most sources: the files that a container starts with, and those that look like secrets. Where
/// build tools are installed, a source may call them.
pub(super) fn started_texts(root: &Path, input: &BuildInput) -> BTreeMap<String, Vec<u8>> {
    let build = Build::new(input);
    let mut paths = started_and_secret(root, input, &build);
    paths.push(GIT_IGNORE.to_owned());
    if toolchain::installs_build_packages(&build) {
        paths.extend(sources(&build, false));
    }
    let mut texts = BTreeMap::new();
    read(root, paths, &mut texts);
    texts
}

fn read(root: &Path, paths: Vec<String>, texts: &mut BTreeMap<String, Vec<u8>>) {
    for path in paths.into_iter().take(MOST + source_texts::MOST) {
        let Some(bytes) = read_beginning(&root.join(&path)) else { continue };
        texts.insert(path, bytes);
    }
}

fn started_and_secret(root: &Path, input: &BuildInput, build: &Build) -> Vec<String> {
    let started = build.target().map(|stage| build.start_files(stage)).unwrap_or_default();
    let mut paths: Vec<String> = started.into_iter().map(|started| started.file.path).collect();
    paths.extend(build.target().into_iter().flat_map(|stage| build.scripts_copied_by_name(stage)));
    let shipped = build.target().into_iter().flat_map(|stage| build.chain(stage));
    let called =
        shipped.flat_map(|stage| build.own_runs(stage)).flat_map(|run| build.called_files(run.stage, run.index));
    paths.extend(called.map(|file| file.path).take(MOST_CALLED));
    if let Some(context) = input.context.as_deref() {
        let secrets = classify(context).iter().filter(|class_match| class_match.class.kind == ClassKind::Secret);
        let secrets: Vec<String> = secrets.map(|class_match| context.path(class_match.entry)).collect();
        paths.extend(for_people(root, &secrets));
        paths.extend(secrets);
    }
    paths.extend(added(build));
    paths.extend(build.target().map(|stage| build.settings_of_address(stage)).unwrap_or_default());
    paths.extend(
        build.target().map(|stage| build.check_files(stage)).unwrap_or_default().into_iter().map(|file| file.path),
    );
    paths.truncate(MOST);
    paths.push("pyproject.toml".to_owned());
    paths.extend(build.target().map(|stage| build.files_of_pages(stage)).unwrap_or_default());
    paths
}

/// Whether .gitignore lists files of variables that .dockerignore does not exclude.
fn copies_environment(build: &Build, ignored: &str) -> bool {
    let is_excluded = |name: &str| match &build.input().ignore {
        IgnoreInput::Present(_, file) => {
            let verdict = file.matcher().decide(name, &MatchedPatterns::default());
            verdict.is_ok_and(|verdict| verdict.excluded)
        }
        _ => false,
    };
    IgnoredName::all(ignored).any(|known| known.is_environment() && !is_excluded(known.name))
}

/// The sources of a service that runs as root: what they write tells whether another user can run it. `loads`: the same of
/// one with another user, as they tell what it loads.
fn sources(build: &Build, loads: bool) -> Vec<String> {
    let (Some(stage), Some(context)) = (build.target(), build.input().context.as_deref()) else { return Vec::new() };
    let user = build.user(stage);
    let (Setting::Base(user) | Setting::Default(user) | Setting::By(_, user)) = user else { return Vec::new() };
    if user != User::Root && !loads || !service::may_serve(build, stage) {
        return Vec::new();
    }
    // Many Dockerfiles may share a context.
    let files = context.get_or_list("sources to read".to_owned(), || {
        let paths = wanted_files(context).map(|id| (id, context.path(id)));
        let mut paths: Vec<_> = paths.filter(|(_, path)| FileKind::of(path).is_code()).collect();
        // Those nearest to the top are the program's rather than a tool's.
        paths.sort_by_key(|(_, path)| path.matches('/').count());
        paths.into_iter().take(source_texts::MOST).map(|(id, _)| id).collect()
    });
    files.iter().map(|file| context.path(*file)).collect()
}

/// The texts for people at the top and beside files: what they say of secrets.
fn for_people(root: &Path, files: &[String]) -> Vec<String> {
    if files.is_empty() {
        return Vec::new();
    }
    let folders: BTreeSet<&str> = files.iter().map(|file| path::split(file).0).chain([""]).collect();
    let mut paths = Vec::new();
    for folder in folders.into_iter().take(MOST) {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().take(MOST).filter_map(Result::ok);
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        paths.extend(names.filter(|name| FileKind::of(name).is_for_people()).map(|name| path::child(folder, &name)));
    }
    paths.sort();
    paths
}

/// What ADD takes by name: the builder unpacks it where its content is an archive.
fn added(build: &Build) -> Vec<String> {
    let mut paths = Vec::new();
    for stage in build.stages() {
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.instruction.keyword == Keyword::Add) {
            for source in transfer.sources.iter().filter(|source| !source.is_remote()) {
                let path = source.text.as_deref().unwrap_or_default().trim_start_matches("./").trim_matches('/');
                if !path.is_empty() && !path.split('/').any(|part| part == "..") {
                    paths.push(path.to_owned());
                }
            }
        }
    }
    paths
}

/// Of a regular file; what it links to may lie anywhere.
fn read_beginning(path: &Path) -> Option<Vec<u8>> {
    note_glimpse(path);
    if !std::fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(source_texts::LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
