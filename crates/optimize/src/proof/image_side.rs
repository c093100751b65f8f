//! One side of a comparison: an image that was read, and questions about its final tree.

use std::collections::BTreeMap;

use crate::image::linkage;
use crate::image::packages::{self, ImagePackages};
use crate::image::{Config, EntryId, EntryKind, FileFact, Image, ImageTree, LayerEntry, PathId};
use crate::text::path;

/// Links in links that are followed; the kernel stops at 40.
const LINKS: usize = 40;

/// An image, read with its contents and its linkage.
#[derive(Debug)]
pub struct ImageSide {
    /// The image.
    pub image: Image,
    /// Its final tree.
    pub tree: ImageTree,
    /// What is installed in it.
    pub packages: ImagePackages,
    /// What its files tell of linkage, by the member that holds them.
    linkage: BTreeMap<EntryId, linkage::LinkageFact>,
}

impl ImageSide {
    /// Works out what the comparisons ask for.
    pub fn new(image: Image) -> Self {
        let tree = ImageTree::new(&image);
        let packages = packages::work_out(&image, &tree);
        let mut linkage = BTreeMap::new();
        for (layer, contents) in (0..).zip(&image.layers) {
            for (index, fact) in &contents.facts {
                if let FileFact::Linkage(fact) = fact {
                    linkage.insert(EntryId { layer, index: *index }, fact.clone());
                }
            }
        }
        Self { image, tree, packages, linkage }
    }

    /// What its containers start with.
    pub fn config(&self) -> &Config {
        &self.image.config
    }

    /// A variable of its config.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let all = &self.config().env;
        all.iter().rev().find(|(variable, _)| variable == name).map(|(_, value)| value.as_str())
    }

    /// What lies at an absolute path, links followed.
    pub fn find(&self, path: &str) -> Option<PathId> {
        let mut links_left = LINKS;
        self.walk(PathId::ROOT, path.as_bytes(), &mut links_left)
    }

    fn walk(&self, from: PathId, path: &[u8], links_left: &mut usize) -> Option<PathId> {
        let paths = &self.image.paths;
        let mut at = if path.starts_with(b"/") { PathId::ROOT } else { from };
        for name in path.split(|&byte| byte == b'/') {
            at = match name {
                b"" | b"." => at,
                b".." => paths.parent(at),
                _ => {
                    let next = paths.child(at, name).filter(|next| self.tree.contains(*next))?;
                    match self.target(next) {
                        Some(target) => {
                            *links_left = links_left.checked_sub(1)?;
                            self.walk(at, target, links_left)?
                        }
                        None => next,
                    }
                }
            };
        }
        Some(at)
    }

    /// What lies at an absolute path; the last link is not followed.
    pub fn tree_path(&self, path: &str) -> Option<PathId> {
        let (folder, name) = path::split(path);
        let folder = if folder == "/" { PathId::ROOT } else { self.find(folder)? };
        let path = self.image.paths.child(folder, name.as_bytes())?;
        self.tree.contains(path).then_some(path)
    }

    /// Where a symbolic link points.
    pub fn target(&self, path: PathId) -> Option<&[u8]> {
        let id = self.tree.at(path)?;
        if self.image.entry(id).kind != EntryKind::Symlink {
            return None;
        }
        self.image.layers.get(id.layer as usize)?.targets.get(&id.index).map(|target| &**target)
    }

    /// The member at a path; directories that no layer has have none.
    pub fn entry(&self, path: PathId) -> Option<&LayerEntry> {
        self.tree.at(path).map(|id| self.image.entry(id))
    }

    /// The member that holds what is at a path.
    pub fn entry_at(&self, path: PathId) -> Option<&LayerEntry> {
        self.tree.at(path).map(|id| self.image.entry(self.tree.inode(id)))
    }

    /// What a file asks the loader for.
    pub fn linked(&self, path: PathId) -> Option<&linkage::LoaderRequests> {
        match self.linkage.get(&self.tree.inode(self.tree.at(path)?))? {
            linkage::LinkageFact::Linked(linked) => Some(linked),
            linkage::LinkageFact::Folders(_) => None,
        }
    }

    /// All programs and libraries, by path.
    pub fn programs(&self) -> impl Iterator<Item = (PathId, &linkage::LoaderRequests)> {
        self.tree.members().filter_map(|(path, _)| Some((path, self.linked(path)?)))
    }

    /// Folders that the loader's configuration names.
    pub fn loader_folders(&self) -> Vec<&str> {
        let members = self.tree.members().filter_map(|(_, id)| self.linkage.get(&self.tree.inode(id)));
        let folders = members.filter_map(|fact| match fact {
            linkage::LinkageFact::Folders(folders) => Some(folders),
            linkage::LinkageFact::Linked(_) => None,
        });
        folders.flatten().map(String::as_str).collect()
    }

    /// Files, links and devices at a path and below it, by their paths with a slash at the start.
    pub fn below(&self, root: PathId) -> Vec<(String, PathId)> {
        let mut paths = Vec::new();
        let mut todo = vec![root];
        while let Some(path) = todo.pop() {
            let is_folder = self.entry(path).is_none_or(|entry| entry.kind == EntryKind::Directory);
            if is_folder {
                todo.extend(self.tree.children(path));
            } else {
                paths.push((self.text(path), path));
            }
        }
        paths.sort();
        paths
    }

    /// A path with a slash at the start.
    pub fn text(&self, path: PathId) -> String {
        format!("/{}", self.image.paths.text(path))
    }

    /// Where a program is: at its path, or where `PATH` finds it; links followed.
    pub fn program(&self, name: &str) -> Option<PathId> {
        self.find(&self.program_path(name)?)
    }

    /// The path by which a program is started; links not followed, since some programs look where they were started from.
    pub fn program_path(&self, name: &str) -> Option<String> {
        let runs = |path: &String| {
            let entry = self.find(path).and_then(|path| self.entry_at(path));
            entry.is_some_and(|entry| entry.kind == EntryKind::File && entry.mode.is_executable())
        };
        if name.contains('/') {
            let folder = self.config().working_directory.as_deref().unwrap_or("/");
            let path = path::join(folder, name);
            return Some(path).filter(runs);
        }
        let usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let folders = self.variable("PATH").unwrap_or(usual).split(':');
        folders.map(|folder| path::join(folder, name)).find(runs)
    }
}
