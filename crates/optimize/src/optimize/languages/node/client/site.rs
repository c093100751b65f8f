//! A site beside the program that serves it.

use super::owners::SiteRun;
use crate::manifest::Project;
use crate::text::path;

/// A site of the context that the stage installs and builds.
pub(super) struct Client<'a> {
    /// Its project.
    pub(super) project: &'a Project,
    /// Its folder in the image.
    pub(super) folder: String,
    /// The RUNs that have to do with it, in order.
    pub(super) runs: Vec<SiteRun>,
    /// Folders that its build writes, absolute.
    pub(super) outputs: Vec<String>,
    /// Whether its build may read what lies outside of its folder.
    pub(super) whole: bool,
}

impl Client<'_> {
    /// Index of the last RUN that has to do with it.
    pub(super) fn last(&self) -> usize {
        self.runs.last().map_or(0, |run| run.index)
    }

    /// The last part of its folder's path.
    pub(super) fn name(&self) -> &str {
        path::name(&self.project.root)
    }

    /// Whether a path of the image lies in its folder.
    pub(super) fn holds(&self, path: &str) -> bool {
        path::is_within(path, &self.folder)
    }

    /// Whether a path of the image lies in what its build writes.
    pub(super) fn writes(&self, path: &str) -> bool {
        self.outputs.iter().any(|output| path::is_within(path, output))
    }
}

/// Whether a text names a folder as a part of a path, or between quotes.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')));
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        let path = |c: Option<char>| c.is_some_and(|c| matches!(c, '/' | '\'' | '"' | '`'));
        let dots = text[..at].ends_with("./");
        (edge(before) || dots) && edge(after) && (path(before) || path(after) || dots)
    })
}
