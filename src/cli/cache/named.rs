//! The files of named build contexts in the states of a build: on disk, in commits, in copies of a project.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::place::with_git_folder;
use super::unrecorded::Unversioned;
use crate::cache::{ContextFiles, Graph, NamedFiles, names_only};
use crate::failure::Failure;
use crate::inputs::{BuildInput, ContextPlace};
use crate::load::git::{Commit, Directories, Repository, TreeEntryKind, folder_directory};
use crate::load::walk_named;

/// The ignore file of a named context, at its root.
const IGNORE_FILE: &str = ".dockerignore";

/// Named contexts with what is known of their files.
pub(super) type NamedContexts = Vec<(String, NamedFiles)>;

/// The named contexts of a build, with those of folders as `files_of` reads them: an error says why a folder's files are
/// not known.
fn contexts_with(input: &BuildInput, files_of: impl Fn(&Path) -> Result<ContextFiles, String>) -> NamedContexts {
    let known = |(name, place): (&str, ContextPlace)| {
        let files = match place {
            ContextPlace::Folder(path) => match files_of(Path::new(path)) {
                Ok(files) => NamedFiles::Folder(files),
                Err(why) => NamedFiles::UnknownFolder(why),
            },
            ContextPlace::Result(build) => NamedFiles::Result(build.to_owned()),
            ContextPlace::Elsewhere(_) => return None,
        };
        Some((name.to_owned(), files))
    };
    input.options.named_contexts().into_iter().filter_map(known).collect()
}

/// The folders of named contexts, as the user would type them.
pub(super) fn named_folders(input: &BuildInput) -> Vec<(&str, &Path)> {
    let folder = |(name, place)| match place {
        ContextPlace::Folder(path) => Some((name, Path::new(path))),
        ContextPlace::Result(_) | ContextPlace::Elsewhere(_) => None,
    };
    input.options.named_contexts().into_iter().filter_map(folder).collect()
}

/// The named contexts as they are, known by the names of their files.
pub(super) fn names_of_contexts(input: &BuildInput) -> NamedContexts {
    contexts_with(input, |path| Ok(ContextFiles::new(names_only(&walk_named(path)?), None)))
}

/// The named contexts in a copy of the project, whose build context is `copy`; without one as they are. To be compared
/// with commits, they have the modes of a clone.
pub(super) fn contexts_on_disk(
    input: &BuildInput,
    copy: Option<&Path>,
    repository: Option<&Repository>,
) -> NamedContexts {
    contexts_with(input, |path| {
        let path = match copy {
            Some(copy) => in_copy(input, path, copy)?,
            None => path.to_owned(),
        };
        let context = walk_named(&path)?;
        Ok(ContextFiles::new(folder_directory(&context, &path, repository), None))
    })
}

/// Where a folder is in a copy of the project: at the same place, seen from the build context.
fn in_copy(input: &BuildInput, path: &Path, copy: &Path) -> Result<PathBuf, String> {
    let missing = || format!("`{}` has no copy of the folder `{}`", copy.display(), path.display());
    let real = |path: &Path| path.canonicalize().ok();
    let root = real(Path::new(input.context_root.as_deref().unwrap_or("."))).ok_or_else(missing)?;
    let folder = real(path).ok_or_else(|| format!("the folder `{}` does not exist", path.display()))?;
    let mut place = real(copy).ok_or_else(missing)?;
    let above = root.ancestors().enumerate().find(|(_, above)| folder.starts_with(above));
    let (ups, above) = above.ok_or_else(missing)?;
    (0..ups).for_each(|_| _ = place.pop());
    let place = place.join(folder.strip_prefix(above).map_err(|_| missing())?);
    if place == folder || !place.is_dir() { Err(missing()) } else { Ok(place) }
}

/// The named contexts of a build, by their places in a repository.
pub(super) struct RepositoryContexts {
    /// The path of each folder below the repository's top, or what is known of a context outside of the repository.
    places: Vec<(String, Result<String, NamedFiles>)>,
}

impl RepositoryContexts {
    /// Of a build.
    pub(super) fn of(repository: &Repository, input: &BuildInput) -> Self {
        let top = repository.work_tree().and_then(|top| top.canonicalize().ok());
        let place = |path: &str| {
            let unknown = |why: &str| NamedFiles::UnknownFolder(format!("the folder `{path}` {why}"));
            let real = Path::new(path).canonicalize().map_err(|_| unknown("does not exist"))?;
            let below = top.as_ref().and_then(|top| real.strip_prefix(top).ok()?.to_str());
            let below = below.ok_or_else(|| unknown("is not in the repository, so commits do not have its files"))?;
            Ok(if cfg!(windows) { below.replace('\\', "/") } else { below.to_owned() })
        };
        let places = input.options.named_contexts().into_iter().filter_map(|(name, context)| match context {
            ContextPlace::Folder(path) => Some((name.to_owned(), place(path))),
            ContextPlace::Result(build) => Some((name.to_owned(), Err(NamedFiles::Result(build.to_owned())))),
            ContextPlace::Elsewhere(_) => None,
        });
        Self { places: places.collect() }
    }

    /// What steps of these graphs read and is not known in any commit.
    pub(super) fn unknown(&self, graphs: &[Arc<Graph>]) -> Vec<String> {
        let unknown = self.places.iter().filter_map(|(name, place)| Some((name, place.as_ref().err()?)));
        unknown
            .filter_map(|(name, files)| graphs.iter().find_map(|graph| unknown_context(graph, name, files)))
            .collect()
    }

    /// The files of a commit.
    ///
    /// # Errors
    /// A folder of the commit cannot be read.
    pub(super) fn of_commit(
        &self,
        repository: &Repository,
        commit: &Commit,
        directories: &mut Directories,
    ) -> Result<NamedContexts, Failure> {
        let mut files = |place: &String| -> Result<NamedFiles, Failure> {
            let folder = repository.entry_at(commit.tree, place)?;
            let Some(folder) = folder.filter(|entry| entry.kind == TreeEntryKind::Folder) else {
                return Ok(NamedFiles::Folder(ContextFiles::new(Arc::default(), None)));
            };
            let ignore = repository.entry_at(folder.id, IGNORE_FILE)?;
            let ignore = ignore.map(|ignore| repository.text(ignore.id)).transpose()?;
            let root = with_git_folder(repository, place, directories.directory(folder.id)?, commit.id);
            Ok(NamedFiles::Folder(ContextFiles::new(root, ignore.as_deref())))
        };
        let contexts = self.places.iter().map(|(name, place)| match place {
            Ok(place) => Ok((name.clone(), files(place)?)),
            Err(unknown) => Ok((name.clone(), unknown.clone())),
        });
        contexts.collect()
    }

    /// The files of a commit, with those that git does not have, and the files of the work tree. What git ignores is the
    /// same in both.
    pub(super) fn with_work_tree(
        &self,
        repository: &Repository,
        input: &BuildInput,
        before: NamedContexts,
    ) -> Result<(NamedContexts, NamedContexts), Failure> {
        let head = repository.resolve("HEAD")?;
        let mut states = (Vec::new(), Vec::new());
        for (name, files) in before {
            let place = self.places.iter().find(|(known, _)| *known == name).and_then(|(_, place)| place.as_ref().ok());
            let folder = named_folders(input).into_iter().find(|(known, _)| *known == name);
            let (NamedFiles::Folder(files), Some(place), Some((_, folder))) = (&files, place, folder) else {
                states.0.push((name.clone(), files.clone()));
                states.1.push((name, files));
                continue;
            };
            let context = match walk_named(folder) {
                Ok(context) => context,
                Err(why) => {
                    states.0.push((name.clone(), NamedFiles::UnknownFolder(why.clone())));
                    states.1.push((name, NamedFiles::UnknownFolder(why)));
                    continue;
                }
            };
            let work_tree = repository.work_directory(place)?.root;
            let unversioned = Unversioned::new(folder, &names_only(&context), work_tree);
            let (old, new) = (unversioned.add_to(&files.root), unversioned.work_tree());
            let ignore = std::fs::read(folder.join(IGNORE_FILE)).ok();
            let ignore = ignore.map(|text| String::from_utf8_lossy(&text).into_owned());
            let new = with_git_folder(repository, place, new, head);
            states.0.push((name.clone(), NamedFiles::Folder(files.over(old))));
            states.1.push((name, NamedFiles::Folder(ContextFiles::new(new, ignore.as_deref()))));
        }
        Ok(states)
    }
}

/// What a reader must know of named contexts that the steps of a graph read and whose files are not known.
pub(super) fn unknown_contexts(graph: &Graph, context: &ContextFiles) -> Vec<String> {
    context.contexts().iter().filter_map(|(name, files)| unknown_context(graph, name, files)).collect()
}

fn unknown_context(graph: &Graph, name: &str, files: &NamedFiles) -> Option<String> {
    let why = match files {
        NamedFiles::Folder(_) => return None,
        NamedFiles::UnknownFolder(why) => why.clone(),
        NamedFiles::Result(build) => format!("it is the result of another build, `{build}`"),
    };
    graph.reads_context(name).then(|| {
        format!("the files of the named context `{name}` are not known, so the answer is partial: {why}; what reads it may rerun")
    })
}
