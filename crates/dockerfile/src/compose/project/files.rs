//! The files of a project, as far as they were read: who reads them is told which are needed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{ProjectError, Stop};
use crate::text::Source;
use crate::yaml::{self, YamlTree};

/// What is behind a path.
#[derive(Clone, Debug)]
pub enum ProjectFile {
    /// A file with its text.
    Text(Source),
    /// A folder.
    Folder,
    /// Nothing.
    Missing,
    /// Something that can't be read, and why.
    Unreadable(String),
}

/// What is known of the file system, by absolute path.
#[derive(Clone, Debug, Default)]
pub struct ProjectFiles {
    files: BTreeMap<String, ProjectFile>,
    links: BTreeMap<String, String>,
    /// What several projects know; [`ProjectFiles::files`] counts more.
    shared: Arc<BTreeMap<String, ProjectFile>>,
    trees: TreeCache,
}

/// What YAML files were read as: a project is read several times while its files become known.
#[derive(Debug, Default)]
struct TreeCache(Mutex<HashMap<String, Arc<YamlTree>>>);

impl Clone for TreeCache {
    /// A copy knows the same files, and reads them when it needs them.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Something of the file system that must be known to go on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProjectNeed {
    /// What is behind this path.
    File(String),
    /// This path with the first symbolic link in it replaced by its target; the path itself if it has no link.
    Link(String),
}

impl ProjectFiles {
    /// Nothing but what several projects know.
    pub fn of_shared(shared: Arc<BTreeMap<String, ProjectFile>>) -> Self {
        Self { shared, ..Self::default() }
    }

    fn get(&self, path: &str) -> Option<&ProjectFile> {
        self.files.get(path).or_else(|| self.shared.get(path))
    }

    /// Says what is behind a path.
    pub fn insert(&mut self, path: &str, file: ProjectFile) {
        self.files.insert(path.to_owned(), file);
        self.trees.0.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// Forgets what YAML files were read as: nobody reads the project again soon.
    pub fn forget_trees(&mut self) {
        self.trees = TreeCache::default();
    }

    /// A text at a path, read as YAML.
    fn tree(&self, path: &str, source: &Source) -> Arc<YamlTree> {
        let known = self.trees.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        known.unwrap_or_else(|| {
            let tree = Arc::new(yaml::read(source.text()));
            self.trees.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::clone(&tree));
            tree
        })
    }

    /// Says where a path leads.
    pub fn insert_link(&mut self, path: &str, target: String) {
        self.links.insert(path.to_owned(), target);
    }

    /// How many files are known, besides those that are shared.
    pub fn len(&self) -> usize {
        self.files.len() + self.links.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Looks files up, and notes those that are not known.
#[derive(Debug)]
pub(super) struct Lookup<'f> {
    files: &'f ProjectFiles,
    pub(super) needs: Vec<ProjectNeed>,
}

impl<'f> Lookup<'f> {
    pub(super) fn new(files: &'f ProjectFiles) -> Self {
        Self { files, needs: Vec::new() }
    }

    /// What is behind a path.
    pub(super) fn file(&mut self, path: &str) -> Result<&'f ProjectFile, Stop> {
        self.files.get(path).ok_or_else(|| {
            self.needs.push(ProjectNeed::File(path.to_owned()));
            Stop::Needs
        })
    }

    /// Asks for several files at once, so that none of them costs a round of its own.
    pub(super) fn ask(&mut self, paths: impl IntoIterator<Item = String>) -> Result<(), Stop> {
        for path in paths {
            if self.files.get(&path).is_none() {
                self.needs.push(ProjectNeed::File(path));
            }
        }
        self.complete()
    }

    /// Stops where something was asked for that is not known.
    pub(super) fn complete(&self) -> Result<(), Stop> {
        if self.needs.is_empty() { Ok(()) } else { Err(Stop::Needs) }
    }

    /// The text of a known file, read as YAML.
    pub(super) fn tree(&self, path: &str, source: &Source) -> Arc<YamlTree> {
        self.files.tree(path, source)
    }

    /// Where a path leads.
    pub(super) fn link(&mut self, path: &str) -> Result<&'f str, Stop> {
        self.files.links.get(path).map(String::as_str).ok_or_else(|| {
            self.needs.push(ProjectNeed::Link(path.to_owned()));
            Stop::Needs
        })
    }

    /// The text of a file that must be there. `error` says for what, and where it is named.
    pub(super) fn text(&mut self, path: &str, error: impl FnOnce(String) -> ProjectError) -> Result<&'f Source, Stop> {
        match self.file(path)? {
            ProjectFile::Text(source) => Ok(source),
            ProjectFile::Folder => Err(error(format!("`{path}` is a folder, not a file")).into()),
            ProjectFile::Missing => Err(error(format!("`{path}` does not exist")).into()),
            ProjectFile::Unreadable(why) => Err(error(format!("`{path}` {why}")).into()),
        }
    }
}
