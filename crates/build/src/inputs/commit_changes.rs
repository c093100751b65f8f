//! What the last commits of a repository changed.

/// The last commits of a repository along first parents, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitChanges {
    /// The paths of each commit that differ from its parent, from the top of the repository. Commits without a parent, and
    /// those whose changes are too many to list, are not among them.
    pub commits: Vec<Vec<String>>,
}

impl CommitChanges {
    /// The commits that changed something, and how many of them changed nothing that passes.
    pub fn idle(&self, takes: &dyn Fn(&str) -> bool) -> (usize, usize) {
        let commits = self.commits.iter().filter(|paths| !paths.is_empty());
        let idle = commits.clone().filter(|paths| !paths.iter().any(|path| takes(path))).count();
        (commits.count(), idle)
    }
}
