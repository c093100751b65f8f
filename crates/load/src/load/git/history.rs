//! Commits, and the line of first parents.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice;
use gix_object::{CommitRef, Find, Kind};

use super::repository::Repository;
use crate::failure::Failure;

/// Characters of a message's first line that are kept.
const SUMMARY: usize = 200;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub id: ObjectId,
    /// The folder of its files.
    pub tree: ObjectId,
    /// Its parents; the first is the branch that it was committed to.
    pub parents: Vec<ObjectId>,
    /// When it was committed, in seconds since 1970; 0 where it does not say.
    pub seconds: i64,
    /// The first line of its message.
    pub summary: String,
}

/// The newest commits of a branch.
#[derive(Debug)]
pub struct History {
    /// The newest first; each is the first parent of the one before.
    pub commits: Vec<Commit>,
    /// Why there are no more.
    pub end: HistoryEnd,
}

/// Why a history ends.
#[derive(Debug)]
pub enum HistoryEnd {
    /// The last commit has no parent.
    Root,
    /// As many as were asked for.
    Limit,
    /// The clone is shallow and has no more.
    Shallow,
    /// The next one cannot be read.
    Unreadable(Failure),
}

impl HistoryEnd {
    /// In one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Limit => "limit",
            Self::Shallow => "shallow",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

impl Repository {
    /// A commit.
    ///
    /// # Errors
    /// It is missing, damaged or no commit.
    pub fn commit(&self, id: ObjectId) -> Result<Commit, Failure> {
        let mut buffer = Vec::new();
        let failure = |error: Option<&gix_error::Error>| self.object_failure(&id, "a commit", error);
        let object = match self.objects.try_find(&id, &mut buffer) {
            Ok(Some(object)) if object.kind == Kind::Commit => object,
            Ok(_) => return Err(failure(None)),
            Err(error) => return Err(failure(Some(&error))),
        };
        let commit = CommitRef::from_bytes(object.data, self.hash).map_err(|error| failure(Some(&error)))?;
        let message = commit.message.lines().next().unwrap_or_default();
        Ok(Commit {
            id,
            tree: commit.tree(),
            parents: commit.parents().collect(),
            seconds: commit.time().map_or(0, |time| time.seconds),
            summary: message.to_str_lossy().chars().take(SUMMARY).collect(),
        })
    }

    /// The commits from one back along first parents, at most `limit`.
    ///
    /// # Errors
    /// The first commit cannot be read; if that happens to a later one, the history ends there.
    pub fn first_parents(&self, start: ObjectId, limit: usize) -> Result<History, Failure> {
        let mut commits = vec![self.commit(start)?];
        while commits.len() < limit {
            let Some(last) = commits.last() else { break };
            let Some(parent) = last.parents.first().copied() else {
                return Ok(History { commits, end: HistoryEnd::Root });
            };
            if self.shallow.contains(&last.id) {
                return Ok(History { commits, end: HistoryEnd::Shallow });
            }
            match self.commit(parent) {
                Ok(commit) => commits.push(commit),
                Err(failure) => return Ok(History { commits, end: HistoryEnd::Unreadable(failure) }),
            }
        }
        Ok(History { commits, end: HistoryEnd::Limit })
    }
}
