//! The builds that recipes, scripts, pipelines and texts for people tell of: which folder a Dockerfile is built with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::file::{display_path, folder_of, join_path, read_source};
use crate::manifest::{FileKind, Role, is_manifest};
use crate::recipe::{self, ImageBuild};

/// Files that are read, those nearest to the top first.
const FILES: usize = 200;

/// Bytes that one may have.
const LIMIT: u64 = 1 << 20;

/// The contexts of Dockerfiles, links followed.
pub(super) type Contexts = BTreeMap<PathBuf, Vec<NamedContext>>;

/// A context that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedContext {
    /// The folder; `None` where it is not there: something makes it first.
    pub folder: Option<PathBuf>,
    /// Who says so.
    pub by: String,
}

/// Whether a file may say how an image is built, by its place.
pub(super) fn may_build(path: &Path, name: &str) -> bool {
    let kind = FileKind::of(name);
    let is_workflow = || path.parent().is_some_and(|folder| folder.ends_with(".github/workflows"));
    kind.holds_commands()
        || kind.is_shell()
        || matches!(kind.language(), "Makefile" | "Just")
        || is_manifest(name)
            .is_some_and(|kind| kind.role == Role::Manifest && name.to_ascii_lowercase().ends_with(".json"))
        || kind.is_for_people()
        || is_workflow()
}

impl NamedContext {
    /// Whether a text for people names it, which only says how a build is done.
    pub(super) fn is_for_people(&self) -> bool {
        self.by.rsplit_once(':').is_some_and(|(path, _)| FileKind::of(path).is_for_people())
    }
}

/// Adds what files below `root` say of contexts in the project's folder, `top`, where that is another.
pub(super) fn add_contexts(
    (root, top): (&Path, Option<&Path>),
    files: &[PathBuf],
    contexts: &mut Contexts,
    disk: &Disk,
) {
    let is_for_people = |path: &Path| FileKind::of(&path.to_string_lossy()).is_for_people();
    let mut files: Vec<&PathBuf> = files.iter().collect();
    files.sort_by_key(|path| (is_for_people(path), path.components().count(), path.as_path()));
    for path in files.into_iter().take(FILES) {
        let Ok(source) = read_source(path, LIMIT) else { continue };
        for build in recipe::image_builds(&path.to_string_lossy(), source.text()) {
            add((root, top.unwrap_or(root)), path, &build, contexts, disk);
        }
    }
}

/// The line that builds a Dockerfile, where one does.
pub(super) fn builder(contexts: &[NamedContext]) -> Option<&str> {
    contexts.iter().find(|context| !context.is_for_people()).map(|context| &*context.by)
}

/// The Dockerfiles that a build means, from any folder that it may be started in.
fn add((root, top): (&Path, &Path), path: &Path, build: &ImageBuild, contexts: &mut Contexts, disk: &Disk) {
    let parent = folder_of(path);
    let tops = [parent, root, top];
    let below = tops.iter().flat_map(|top| build.folders.iter().map(|folder| join_path(top, Path::new(folder))));
    let mut starts: Vec<PathBuf> = tops.iter().map(|top| (*top).to_owned()).chain(below).collect();
    starts.sort();
    starts.dedup();
    for start in starts {
        let context = join_path(&start, Path::new(&build.context));
        let file =
            build.file.as_ref().map_or_else(|| context.join("Dockerfile"), |file| join_path(&start, Path::new(file)));
        if !disk.is_file(&file) {
            continue;
        }
        let Some(real) = disk.real_path(&file) else { continue };
        let real_context = disk.real_path(&context).zip(disk.real_path(top));
        let is_below = real_context.is_some_and(|(context, top)| context.starts_with(top));
        let folder = (disk.is_dir(&context) && is_below).then_some(context);
        let named_context = NamedContext { folder, by: format!("{}:{}", display_path(path), build.line) };
        contexts.entry(real).or_default().push(named_context);
    }
}
