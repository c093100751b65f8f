//! The files of a project outside of what was asked for that may say how the Dockerfiles in it are built.

use std::path::{Path, PathBuf};

use super::discover::{WORKFLOWS, discover, is_test_input};
use super::file::{folder_of, join_path, lists_builds, read_input};
use super::recipes::may_build;
use super::request::GatherRequest;
use crate::bake::is_bake;
use crate::text::Source;

/// Folders above that are looked into.
const HIGHEST: usize = 8;

/// Compose and bake files that are read, those nearest to the top first.
const COMPOSES: usize = 100;

/// Where a repository keeps its history: what is above its folder belongs to something else.
pub(super) const GIT_FOLDER: &str = ".git";

/// The files around what was asked for.
#[derive(Debug, Default)]
pub(super) struct ProjectFiles {
    /// The project's folder, which contexts lie in: the top of the git repository; `None` outside of one.
    pub top: Option<PathBuf>,
    /// Compose and bake files.
    pub composes: Vec<(PathBuf, Source)>,
    /// Makefiles, scripts, workflows and texts for people, by the folder that their commands may run in.
    pub recipes: Vec<(PathBuf, Vec<PathBuf>)>,
}

impl ProjectFiles {
    /// Around a path: all files of its git repository, else those directly in the folders above. What is below the path
    /// itself is not in it.
    pub(super) fn around(request: &GatherRequest) -> Self {
        let path = &request.path;
        let Ok(real) = path.canonicalize() else { return Self::default() };
        let folders = folders_above(path, &real);
        let top = folders.iter().position(|(folder, _)| folder.join(GIT_FOLDER).exists());
        let is_inside = |file: &Path| real.is_dir() && file.canonicalize().is_ok_and(|file| file.starts_with(&real));
        let (mut composes, mut recipes) = (Vec::new(), Vec::new());
        if let Some((_, top)) = top.and_then(|top| folders.get(top)) {
            if top.canonicalize().is_ok_and(|top| top == real) {
                return Self { top: Some(top.clone()), ..Self::default() };
            }
            let discovery = discover(top, request);
            let is_test = is_test_input(top, path);
            let is_other = |file: &PathBuf| !is_inside(file) && (is_test || !is_test_input(top, file));
            composes.extend(discovery.compose.into_iter().filter(is_other));
            recipes.push((top.clone(), discovery.recipes.into_iter().filter(is_other).collect()));
        } else {
            let first = usize::from(real.is_dir());
            for (_, folder) in folders.iter().skip(first) {
                let mut here = Vec::new();
                for file in files_of(folder).into_iter().chain(files_of(&join_path(folder, Path::new(WORKFLOWS)))) {
                    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    if lists_builds(name) {
                        composes.push(file);
                    } else if may_build(&file, name) {
                        here.push(file);
                    }
                }
                recipes.push((folder.clone(), here));
            }
        }
        composes.sort_by_key(|file| (file.components().count(), file.clone()));
        Self { top: top.and_then(|top| Some(folders.get(top)?.1.clone())), composes: sources_of(composes), recipes }
    }
}

/// The compose and bake files directly in a folder.
pub(super) fn composes_in(folder: &Path) -> Vec<PathBuf> {
    let is_list = |file: &PathBuf| file.file_name().and_then(|name| name.to_str()).is_some_and(lists_builds);
    files_of(folder).into_iter().filter(is_list).collect()
}

/// The compose and bake files that may name builds.
fn sources_of(files: Vec<PathBuf>) -> Vec<(PathBuf, Source)> {
    let source_of = |file: PathBuf| read_build_list(&file).map(|source| (file, source));
    files.into_iter().take(COMPOSES).filter_map(source_of).collect()
}

/// A compose or bake file that may name builds.
pub(super) fn read_build_list(file: &Path) -> Option<Source> {
    let source = read_input(file).ok()?;
    let has_word = |word: &&str| source.text().contains(word);
    (is_bake(source.name()) || ["build", "include", "extends"].iter().any(has_word)).then_some(source)
}

/// The folder of a path and those above, links followed and as the user would type them; not the root of the file system.
pub(super) fn folders_above(path: &Path, real: &Path) -> Vec<(PathBuf, PathBuf)> {
    let is_folder = real.is_dir();
    let start = if is_folder { Some(real) } else { real.parent() };
    let parent = folder_of(path);
    let mut typed = if is_folder { path.to_owned() } else { parent.to_owned() };
    let mut folders = Vec::new();
    for folder in start.into_iter().flat_map(Path::ancestors).take(HIGHEST + 1) {
        if folder.parent().is_none() {
            break;
        }
        // Above a link, what is typed leads elsewhere.
        let is_same = typed.canonicalize().is_ok_and(|typed| typed == folder);
        folders.push((folder.to_owned(), if is_same { typed.clone() } else { folder.to_owned() }));
        typed = join_path(&typed, Path::new(".."));
    }
    folders
}

/// The files directly in a folder, by name.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut files: Vec<PathBuf> = files.map(|entry| join_path(folder, Path::new(&entry.file_name()))).collect();
    files.sort();
    files
}
