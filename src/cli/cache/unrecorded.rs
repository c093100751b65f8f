//! What git does not record of a work tree, and the builder looks at: empty folders, modes, the `.git` folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ignore::WalkBuilder;
use rayon::prelude::*;

use crate::cache::{ContextFiles, Directory, FileNode, Node, StepPrediction, StepVerdict, touch};
use crate::text::path;

/// What stands for the contents of the `.git` folder in a context.
const GIT_HEAD: &str = ".git/HEAD";

/// The folder of a repository, whose folders say nothing.
const GIT_FOLDER: &str = ".git";

/// Bits of a mode that the builder compares.
const MODE_BITS: u32 = 0o7777;

/// Bits that make a file executable.
const EXECUTABLE: u16 = 0o111;

/// Files of other modes that are named.
const NAMED: usize = 3;

/// The share of files that have the usual mode: below it, no mode is usual.
const USUAL: usize = 10;

/// Files whose modes are looked at; of a larger context they are not, to answer at once.
const LOOKED: usize = 30_000;

/// Something that may differ from the last build, though nothing says so.
pub(super) struct Doubt {
    /// The files if it does.
    pub(super) context: ContextFiles,
    /// What may differ, and what it means: a sentence that ends before the lines of the steps that rerun then.
    words: String,
}

impl Doubt {
    /// The note about it; `None` if no cached step reruns because of it. `lines` are those of the steps.
    pub(super) fn note(
        &self,
        predicted: &[StepPrediction],
        doubtful: &[StepPrediction],
        line_of: impl Fn(usize) -> u32,
    ) -> Option<String> {
        let pairs = predicted.iter().zip(doubtful).enumerate();
        let first = pairs.filter(|(_, (now, then))| now.verdict == StepVerdict::Hit && then.verdict != now.verdict);
        let line = first.map(|(index, _)| line_of(index)).min()?;
        Some(format!("{}, the step of line {line} reruns", self.words))
    }
}

/// What may differ from the last build of a work tree whose context is in this folder.
pub(super) fn doubts(root: &Path, context: &ContextFiles) -> Vec<Doubt> {
    let git = context.sends(GIT_HEAD).then(|| Doubt {
        context: context.over(Arc::new(touch(&context.root, GIT_HEAD))),
        words: "the context has the `.git` folder: if a git command changed it since the last build (`git add`, \
                `git fetch`, a new branch)"
            .to_owned(),
    });
    git.into_iter().chain(unusual_modes(root, context)).collect()
}

/// Files whose mode is another than that of most: git records only whether a file is executable.
#[cfg(unix)]
fn unusual_modes(root: &Path, context: &ContextFiles) -> Option<Doubt> {
    use std::os::unix::fs::PermissionsExt;

    let mut files = Vec::new();
    collect_files(&context.root, "", &mut files);
    if files.len() == LOOKED {
        return None;
    }
    let mode_of = |(file, node): (String, &FileNode)| {
        let metadata = std::fs::symlink_metadata(root.join(&file)).ok().filter(std::fs::Metadata::is_file)?;
        let mode = (metadata.permissions().mode() & MODE_BITS) as u16;
        Some((file, node.clone(), mode))
    };
    let modes: Vec<(String, FileNode, u16)> = files.into_par_iter().filter_map(mode_of).collect();
    let mut counts: BTreeMap<(bool, u16), usize> = BTreeMap::new();
    for (_, _, mode) in &modes {
        *counts.entry((mode & EXECUTABLE != 0, *mode)).or_default() += 1;
    }
    let usual = |is_executable: bool| {
        let kinds = counts.iter().filter(|((kind, _), _)| *kind == is_executable);
        kinds.max_by_key(|(_, count)| **count).map(|((_, mode), _)| *mode)
    };
    let usual = (usual(false), usual(true));
    let is_unusual = |mode: u16| Some(mode) != if mode & EXECUTABLE == 0 { usual.0 } else { usual.1 };
    let unusual: Vec<&(String, FileNode, u16)> =
        modes.iter().filter(|(file, _, mode)| is_unusual(*mode) && context.sends(file)).collect();
    let first = unusual.first()?;
    if unusual.len() > NAMED && unusual.len() * USUAL > modes.len() {
        return None;
    }
    let changed = unusual.iter().fold(Directory::clone(&context.root), |folder, (file, node, mode)| {
        folder.with(file, Some(Node::File(FileNode { mode: *mode, ..node.clone() })))
    });
    let more = if unusual.len() > 1 {
        format!(" (and {} more files have unusual modes)", unusual.len() - 1)
    } else {
        String::new()
    };
    let words = format!(
        "`{}` has the mode {:o}{more}, which git does not record: if it had another one in the last build",
        first.0, first.2
    );
    Some(Doubt { context: context.over(Arc::new(changed)), words })
}

/// Files have no modes here.
#[cfg(not(unix))]
fn unusual_modes(_: &Path, _: &ContextFiles) -> Option<Doubt> {
    None
}

#[cfg(unix)]
fn collect_files<'d>(folder: &'d Directory, above: &str, files: &mut Vec<(String, &'d FileNode)>) {
    for (name, node) in folder.entries() {
        let below = path::child(above, name);
        match node {
            Node::File(file) if files.len() < LOOKED => files.push((below, file)),
            Node::Directory { entries, .. } if &**name != GIT_FOLDER => collect_files(entries, &below, files),
            _ => {}
        }
    }
}

/// The files of a work tree, and those of it of which git has only names: they are taken to be the same in each commit,
/// but for empty folders that git does not ignore, which no commit has.
pub(super) struct Unversioned {
    work_tree: Arc<Directory>,
    names: Directory,
    /// The names without new empty folders.
    same: Directory,
}

impl Unversioned {
    /// Of the names of a folder's files and its files as git sees them.
    pub(super) fn new(root: &Path, names: &Directory, work_tree: Arc<Directory>) -> Self {
        let new = new_folders(root, names, &work_tree);
        let same = new.iter().fold(names.clone(), |same, folder| same.with(folder, None));
        Self { work_tree, names: names.clone(), same }
    }

    /// The files of a commit with them.
    pub(super) fn add_to(&self, commit: &Directory) -> Arc<Directory> {
        Arc::new(commit.with_missing(&self.same, Some(&self.work_tree)))
    }

    /// The work tree with them.
    pub(super) fn work_tree(&self) -> Arc<Directory> {
        Arc::new(self.work_tree.with_missing(&self.names, None))
    }
}

/// Folders that hold no file and that git does not ignore: the topmost of each.
fn new_folders(root: &Path, names: &Directory, work_tree: &Directory) -> Vec<String> {
    let mut empty = Vec::new();
    collect_empty(names, "", work_tree, &mut empty);
    if empty.is_empty() {
        return Vec::new();
    }
    let top = root.to_owned();
    let wanted = empty.clone();
    let below = move |place: &Path| Some(place.strip_prefix(&top).ok()?.to_string_lossy().replace('\\', "/"));
    let below_top = below.clone();
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .filter_entry(move |entry| {
            let below = below(entry.path()).unwrap_or_default();
            below.is_empty() || wanted.iter().any(|folder| path::is_within(folder, &below))
        })
        .build();
    let shown: Vec<String> = walk.flatten().filter_map(|entry| below_top(entry.path())).collect();
    empty.retain(|folder| shown.contains(folder));
    empty
}

/// The topmost folders without a file that the work tree of git lacks. Returns whether the folder itself has no file.
fn collect_empty(folder: &Directory, above: &str, work_tree: &Directory, empty: &mut Vec<String>) -> bool {
    let before = empty.len();
    let mut has_files = false;
    for (name, node) in folder.entries() {
        let Node::Directory { entries, .. } = node else {
            has_files = true;
            continue;
        };
        let below = path::child(above, name);
        if &**name == GIT_FOLDER {
            has_files = true;
        } else if collect_empty(entries, &below, work_tree, empty) && work_tree.node(&below).is_none() {
            empty.push(below);
        } else {
            has_files = true;
        }
    }
    if !has_files {
        empty.truncate(before);
    }
    !has_files
}
