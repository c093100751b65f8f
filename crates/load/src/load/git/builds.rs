//! Where a build lies in each commit of a history: its Dockerfile, its .dockerignore, its context.

use gix_hash::ObjectId;

use super::history::Commit;
use super::repository::Repository;
use super::tree::{TreeEntry, TreeEntryKind};
use crate::failure::{Failure, FailureKind};
use crate::text::{diff, path};

/// Bytes of a Dockerfile or .dockerignore: BuildKit takes no larger one, and reads lines of 64 KiB at most.
const TEXT: usize = 16 << 20;

/// Files that went away in a commit which are looked at for a Dockerfile that was renamed.
const RENAMED: usize = 2_000;

/// Folders that are compared to find such files.
const FOLDERS: usize = 2_000;

/// The share of lines that a renamed file keeps, as in git.
const SIMILAR: f32 = 0.5;

/// Commits back to which a renamed Dockerfile is followed one by one.
const FOLLOWED: usize = 10_000;

/// Links to a Dockerfile that are followed.
const LINKS: usize = 5;

/// A build's place below the top of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPaths {
    /// The Dockerfile's path.
    pub dockerfile: String,
    /// The context's folder; empty for the top.
    pub context: String,
}

/// What a build consists of in a commit.
#[derive(Debug, Clone)]
pub enum CommitBuild {
    /// All is there.
    Found(CommitFiles),
    /// There is no such Dockerfile, or no such folder.
    Absent,
    /// It cannot be read.
    Unreadable(Failure),
}

/// The hashes of what a build consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFiles {
    /// Where it is in this commit.
    pub place: BuildPaths,
    /// The Dockerfile.
    pub dockerfile: ObjectId,
    /// The .dockerignore that counts.
    pub ignore: Option<ObjectId>,
    /// The context's folder.
    pub context: ObjectId,
}

impl Repository {
    /// The build in each of these commits, which are given from the newest to the oldest. A Dockerfile that was
    /// renamed is followed to its older name.
    pub fn builds(&self, commits: &[Commit], place: &BuildPaths) -> Vec<CommitBuild> {
        let mut place = place.clone();
        let mut builds: Vec<CommitBuild> = Vec::with_capacity(commits.len());
        for (index, commit) in commits.iter().enumerate() {
            let mut build = self.build(commit.tree, &place);
            if let (Ok(None), Some(newer)) = (&build, index.checked_sub(1))
                && let Some(CommitBuild::Found(files)) = builds.get(newer)
                && let Ok(Some(earlier)) = self.renamed(commit.tree, commits[newer].tree, files)
            {
                build = self.build(commit.tree, &earlier);
                place = earlier;
            }
            builds.push(match build {
                Ok(Some(files)) => CommitBuild::Found(files),
                Ok(None) => CommitBuild::Absent,
                Err(failure) => CommitBuild::Unreadable(failure),
            });
        }
        builds
    }

    /// The build in a commit, given its place in a newer one. A Dockerfile that was renamed in between is followed: along
    /// first parents, as [`Repository::builds`] does, else in one step.
    pub fn build_before(&self, commit: &Commit, newer: &Commit, place: &BuildPaths) -> CommitBuild {
        let build_of = |commits: &[Commit]| self.builds(commits, place).pop().unwrap_or(CommitBuild::Absent);
        let direct = build_of(std::slice::from_ref(commit));
        if !matches!(direct, CommitBuild::Absent) {
            return direct;
        }
        let history = self.first_parents(newer.id, FOLLOWED).ok();
        let history = history.map(|history| history.commits).unwrap_or_default();
        let along = history.iter().position(|older| older.id == commit.id).and_then(|at| history.get(..=at));
        match along.map(build_of) {
            Some(CommitBuild::Absent) | None => build_of(&[newer.clone(), commit.clone()]),
            Some(build) => build,
        }
    }

    /// The text of a Dockerfile or .dockerignore.
    ///
    /// # Errors
    /// It is missing, damaged, or larger than 16 MiB.
    pub fn text(&self, id: ObjectId) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.blob(id, TEXT)?).into_owned())
    }

    fn build(&self, tree: ObjectId, place: &BuildPaths) -> Result<Option<CommitFiles>, Failure> {
        let Some(dockerfile) = self.file_at(tree, &place.dockerfile)? else { return Ok(None) };
        let context = self.entry_at(tree, &place.context)?;
        let Some(context) = context.filter(|entry| entry.kind == TreeEntryKind::Folder) else {
            return match self.submodule_above(tree, &place.context)? {
                Some(submodule) => Err(in_submodule(&place.context, &submodule)),
                None => Ok(None),
            };
        };
        let ignore = match self.file_at(tree, &format!("{}.dockerignore", place.dockerfile))? {
            Some(ignore) => Some(ignore),
            None => self.file_at(context.id, ".dockerignore")?,
        };
        Ok(Some(CommitFiles { place: place.clone(), dockerfile, ignore, context: context.id }))
    }

    /// The submodule that a path leads into; `None` if it leads into none.
    fn submodule_above(&self, tree: ObjectId, place: &str) -> Result<Option<String>, Failure> {
        let ends = place.match_indices('/').map(|(at, _)| at).chain([place.len()]);
        for folder in ends.filter_map(|end| place.get(..end)).filter(|folder| !folder.is_empty()) {
            match self.entry_at(tree, folder)? {
                Some(entry) if entry.kind == TreeEntryKind::Submodule => return Ok(Some(folder.to_owned())),
                Some(_) => {}
                None => break,
            }
        }
        Ok(None)
    }

    /// The file at a path, also through links.
    fn file_at(&self, tree: ObjectId, place: &str) -> Result<Option<ObjectId>, Failure> {
        let mut place = place.to_owned();
        for _ in 0..LINKS {
            let Some(entry) = self.entry_at(tree, &place)? else { return Ok(None) };
            match entry.kind {
                TreeEntryKind::File | TreeEntryKind::Executable => return Ok(Some(entry.id)),
                TreeEntryKind::Link => {
                    let target = self.text(entry.id)?;
                    place = path::normalize(&path::join(path::parent(&place), &target));
                }
                TreeEntryKind::Folder | TreeEntryKind::Submodule => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Where the Dockerfile of a newer commit was in an older one that lacks it: the file with its contents, else a file
    /// with `dockerfile` or `containerfile` in its name and similar contents, which the newer commit lacks.
    fn renamed(&self, older: ObjectId, newer: ObjectId, files: &CommitFiles) -> Result<Option<BuildPaths>, Failure> {
        let mut removed = RemovedFiles { files: Vec::new(), folders: FOLDERS };
        removed.collect(self, Some(older), Some(newer), "")?;
        let same = removed.files.iter().find(|(_, entry)| entry.id == files.dockerfile);
        let earlier = match same {
            Some((place, _)) => Some(place.clone()),
            None => self.most_similar(&removed.files, files.dockerfile)?,
        };
        let Some(dockerfile) = earlier else { return Ok(None) };
        // A context that moved with its Dockerfile.
        let is_beside = files.place.context == path::parent(&files.place.dockerfile);
        let context = if is_beside { path::parent(&dockerfile).to_owned() } else { files.place.context.clone() };
        Ok(Some(BuildPaths { dockerfile, context }))
    }

    fn most_similar(&self, removed: &[(String, TreeEntry)], newer: ObjectId) -> Result<Option<String>, Failure> {
        let newer = self.text(newer)?;
        let mut best: Option<(f32, &str)> = None;
        for (place, entry) in removed {
            let name = path::name(place).to_ascii_lowercase();
            if !name.contains("dockerfile") && !name.contains("containerfile") || name.ends_with(".dockerignore") {
                continue;
            }
            let share = diff::common_lines(&self.text(entry.id)?, &newer);
            if share >= SIMILAR && best.is_none_or(|(most, _)| share > most) {
                best = Some((share, place));
            }
        }
        Ok(best.map(|(_, place)| place.to_owned()))
    }
}

/// Why a build whose context is a submodule is not followed.
fn in_submodule(context: &str, submodule: &str) -> Failure {
    let what =
        format!("the build context `{context}` is in the submodule `{submodule}`, which has a history of its own");
    Failure::new(FailureKind::Setup, what, "pass two copies of the project: `cache predict . --since FOLDER`")
}

/// Files that a newer commit lacks, with their paths.
struct RemovedFiles {
    files: Vec<(String, TreeEntry)>,
    /// Folders that may still be read.
    folders: usize,
}

impl RemovedFiles {
    /// Compares two folders; those that are equal are not opened.
    fn collect(
        &mut self,
        repository: &Repository,
        older: Option<ObjectId>,
        newer: Option<ObjectId>,
        above: &str,
    ) -> Result<(), Failure> {
        let read = |tree: Option<ObjectId>| tree.map_or(Ok(Vec::new()), |tree| repository.tree(tree));
        let newer = read(newer)?;
        for entry in read(older)? {
            if self.files.len() >= RENAMED || self.folders == 0 {
                break;
            }
            let same = newer.iter().find(|other| other.name == entry.name);
            let place = path::child(above, &entry.name);
            match (entry.kind, same) {
                (TreeEntryKind::Folder, Some(other)) if other.id == entry.id => {}
                (TreeEntryKind::Folder, other) => {
                    self.folders -= 1;
                    let folder = other.filter(|other| other.kind == TreeEntryKind::Folder).map(|other| other.id);
                    self.collect(repository, Some(entry.id), folder, &place)?;
                }
                (TreeEntryKind::File | TreeEntryKind::Executable, None) => self.files.push((place, entry)),
                _ => {}
            }
        }
        Ok(())
    }
}
