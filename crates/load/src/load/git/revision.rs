//! From the name of a commit to its hash (gitrevisions): hashes, also short ones, branches, tags, `HEAD~3`, `main^2`.

use std::collections::HashSet;

use gix_hash::{ObjectId, Prefix};
use gix_object::{Exists, Find, FindHeader, Kind, TagRefIter};
use gix_ref::file::ReferenceExt;

use super::reftable::ReferenceTarget;
use super::repository::Repository;
use crate::failure::{Failure, FailureKind};

/// Bytes of a name.
const LONGEST: usize = 1024;

/// Tags of tags that are followed.
const TAGS: usize = 16;

impl Repository {
    /// The commit of this name.
    ///
    /// # Errors
    /// No object matches the name, several do, or the object is not a commit.
    pub fn resolve(&self, name: &str) -> Result<ObjectId, Failure> {
        if name.is_empty() || name.len() > LONGEST || name.contains("..") || name.contains([':', '{']) {
            let what = format!("`{name}` is not the name of a commit that dockopt reads");
            return Err(setup(what, "pass a hash, a branch, a tag, or one of them with `~3` or `^2`"));
        }
        let at = name.find(['~', '^']).unwrap_or(name.len());
        let mut id = self.peel(self.base(&name[..at], name)?, name)?;
        let mut older = 0;
        for (sign, count) in steps(&name[at..]).ok_or_else(|| {
            setup(format!("`{name}` is not the name of a commit"), "after `~` and `^` comes a number, as in `HEAD~3`")
        })? {
            let parent = if sign == '^' { count.checked_sub(1) } else { Some(0) };
            let times = if sign == '^' { 1 } else { count };
            for _ in 0..times {
                let Some(parent) = parent else { break };
                id = self.parent(id, (parent, older), name)?;
                older += 1;
            }
        }
        Ok(id)
    }

    /// A parent of the commit that is so many commits older than the one that a name begins with.
    fn parent(&self, id: ObjectId, (parent, older): (usize, usize), name: &str) -> Result<ObjectId, Failure> {
        let commit = self.commit(id)?;
        if self.shallow.contains(&id) {
            let what = format!("`{name}` is older than this shallow clone");
            let help = "fetch the history: `git fetch --unshallow`, in a workflow `fetch-depth: 0`";
            return Err(Failure::new(FailureKind::Missing, what, help));
        }
        commit.parents.get(parent).copied().ok_or_else(|| {
            let base = &name[..name.find(['~', '^']).unwrap_or(name.len())];
            let short = id.to_hex_with_len(12);
            if commit.parents.is_empty() {
                let what = match older {
                    0 => format!("`{name}` does not exist: `{base}` is the first commit of the history"),
                    1 => format!("`{name}` does not exist: only 1 commit is older than `{base}`"),
                    _ => format!("`{name}` does not exist: only {older} commits are older than `{base}`"),
                };
                return Failure::new(FailureKind::Missing, what, format!("the oldest is {short}"));
            }
            let parents = commit.parents.len();
            let what = format!("`{name}` does not exist: the commit {short} has {parents} parents");
            Failure::new(FailureKind::Missing, what, "pass a commit that exists")
        })
    }

    /// What the part before `~` and `^` names: HEAD, a full hash, a reference, a short hash.
    fn base(&self, base: &str, name: &str) -> Result<ObjectId, Failure> {
        let base = if base == "@" { "HEAD" } else { base };
        if base.len() == self.hash.len_in_hex()
            && let Ok(id) = ObjectId::from_hex(base.as_bytes())
        {
            let missing = || self.object_failure(&id, &format!("`{name}`"), None);
            return self.objects.exists(&id).then_some(id).ok_or_else(missing);
        }
        if let Some(id) = self.reference(base)? {
            return Ok(id);
        }
        if let Some(id) = self.abbreviated(base, name)? {
            return Ok(id);
        }
        let help = if self.is_shallow() {
            "the clone is shallow: `git fetch --unshallow`, in a workflow `fetch-depth: 0`, fetches all commits"
        } else {
            "`git branch --all` and `git tag` list the names"
        };
        Err(Failure::new(FailureKind::Missing, format!("no branch, tag or commit is called `{base}`"), help))
    }

    fn reference(&self, base: &str) -> Result<Option<ObjectId>, Failure> {
        match self.config.ref_storage.as_str() {
            "files" => {}
            "reftable" => return self.reftable_reference(base),
            other => {
                let what = format!("the branches of this repository are stored as `{other}`");
                return Err(setup(what, "dockopt reads `files` and `reftable`"));
            }
        }
        // A name that git does not allow for branches may still be a short hash.
        let Ok(Some(mut reference)) = self.references.try_find(base) else { return Ok(None) };
        if let Some(branch) = reference.target.try_name()
            && matches!(self.references.try_find(branch), Ok(None))
        {
            return Err(unborn(base, &branch.shorten().to_string()));
        }
        let peeled = reference.peel_to_id(&self.references, &self.objects);
        peeled.map(Some).map_err(|error| {
            let what = format!("`{base}` cannot be resolved: {}", error.probable_cause());
            Failure::new(FailureKind::Broken, what, "check the repository with `git fsck`")
        })
    }

    fn reftable_reference(&self, base: &str) -> Result<Option<ObjectId>, Failure> {
        let table = self.reftable().ok_or_else(|| {
            let what = "the references of the git repository (`reftable`) are damaged".to_owned();
            Failure::new(FailureKind::Broken, what, "check the repository with `git refs verify`")
        })?;
        match table.find(base) {
            ReferenceTarget::Object(id) => Ok(Some(id)),
            ReferenceTarget::Missing => Ok(None),
            ReferenceTarget::Unborn(branch) => Err(unborn(base, branch.trim_start_matches("refs/heads/"))),
        }
    }

    fn abbreviated(&self, base: &str, name: &str) -> Result<Option<ObjectId>, Failure> {
        let Ok(prefix) = Prefix::from_hex(base) else { return Ok(None) };
        let mut ids = HashSet::new();
        if self.objects.lookup_prefix(prefix, Some(&mut ids)).is_err() {
            return Ok(None);
        }
        ids.retain(|id| {
            self.objects
                .try_header(id)
                .is_ok_and(|header| header.is_some_and(|header| matches!(header.kind, Kind::Commit | Kind::Tag)))
        });
        if ids.len() > 1 {
            let mut all: Vec<String> = ids.iter().map(|id| id.to_hex_with_len(16).to_string()).collect();
            all.sort();
            all.truncate(4);
            let what = format!("`{name}` is the beginning of {} commits: {}", ids.len(), all.join(", "));
            return Err(setup(what, "pass more characters of the hash"));
        }
        Ok(ids.into_iter().next())
    }

    /// The commit that a tag stands for.
    fn peel(&self, mut id: ObjectId, name: &str) -> Result<ObjectId, Failure> {
        let mut buffer = Vec::new();
        for _ in 0..TAGS {
            let object = match self.objects.try_find(&id, &mut buffer) {
                Ok(Some(object)) => object,
                Ok(None) => return Err(self.object_failure(&id, &format!("`{name}`"), None)),
                Err(error) => return Err(self.object_failure(&id, &format!("`{name}`"), Some(&error))),
            };
            match object.kind {
                Kind::Commit => return Ok(id),
                Kind::Tag => {
                    let target = TagRefIter::from_bytes(object.data, self.hash).target_id();
                    id = target.map_err(|error| self.object_failure(&id, &format!("`{name}`"), Some(&error)))?;
                }
                kind => return Err(setup(format!("`{name}` is a {kind}, not a commit"), "pass a commit")),
            }
        }
        Err(setup(format!("`{name}` is a tag of more than {TAGS} tags"), "pass the commit itself"))
    }
}

fn unborn(name: &str, branch: &str) -> Failure {
    let what = format!("`{name}` stands for the branch `{branch}`, which has no commit");
    Failure::new(FailureKind::Missing, what, "commit something first, or name a branch")
}

fn setup(what: String, help: &str) -> Failure {
    Failure::new(FailureKind::Setup, what, help)
}

/// `~2^1`: signs with their numbers, 1 where none is given; `None` for other text.
fn steps(text: &str) -> Option<Vec<(char, usize)>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        rest = rest.strip_prefix(['~', '^'])?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count = if end == 0 { 1 } else { rest[..end].parse::<u32>().ok()? };
        steps.push((sign, count as usize));
        rest = &rest[end..];
    }
    Some(steps)
}
