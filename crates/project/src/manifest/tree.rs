//! The given files as a tree: look-ups by path, texts, and the problems found on the way.

use std::collections::BTreeSet;

use super::file_kind::FileRole;
use super::project::ManifestProblem;
use crate::text::{exact_bytes, path};

/// Longer texts are not looked at; the largest lock files of public monorepos have some megabytes.
const LONGEST: usize = 32 << 20;

/// How often all texts together may be gone through: manifests name each other, and a context could make that
/// quadratic.
const MOST_READINGS: usize = 24;

/// How many steps from file to file all closures together may make.
const MOST_STEPS: usize = 100_000;

/// The files of a context and what was found wrong in them.
pub(super) struct ManifestTree<'a> {
    /// By path, each once: on 200,000 files this is built and searched in a third of a map's time.
    files: Vec<(&'a str, Option<&'a str>)>,
    problems: BTreeSet<ManifestProblem>,
    unread: BTreeSet<String>,
    /// Bytes and steps that may still be gone through.
    bytes_left: usize,
    steps_left: usize,
}

impl<'a> ManifestTree<'a> {
    pub(super) fn new(files: &[(&'a str, Option<&'a str>)]) -> Self {
        let mut sorted = files.to_vec();
        sorted.sort_by_key(|(path, _)| *path);
        sorted.dedup_by_key(|(path, _)| *path);
        let bytes: usize = files.iter().filter_map(|(_, text)| text.map(str::len)).sum();
        Self {
            files: sorted,
            problems: BTreeSet::new(),
            unread: BTreeSet::new(),
            bytes_left: bytes.saturating_mul(MOST_READINGS),
            steps_left: MOST_STEPS,
        }
    }

    pub(super) fn finish(self) -> (Vec<ManifestProblem>, Vec<String>) {
        (self.problems.into_iter().collect(), self.unread.into_iter().collect())
    }

    /// All paths, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.files.iter().map(|(path, _)| *path)
    }

    /// All paths that `wanted` takes and that lie in no folder of installed packages.
    pub(super) fn paths_where(&self, wanted: impl Fn(&str) -> bool) -> Vec<&'a str> {
        self.paths().filter(|path| wanted(path::name(path)) && !is_installed(path)).collect()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// Whether a file lies somewhere below `folder`.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.below(folder).next().is_some()
    }

    /// The files below `folder`, at any depth.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.from(&prefix).take_while(move |path| path.starts_with(&prefix))
    }

    /// The names directly in `folder`, with whether they are folders. Costs as much as there are names.
    pub(super) fn children(&self, folder: &str) -> Vec<(&'a str, bool)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut out = Vec::new();
        let mut next = self.from(&prefix).next();
        while let Some(path) = next {
            let Some(rest) = path.strip_prefix(prefix.as_str()) else { break };
            if let Some((name, _)) = rest.split_once('/') {
                out.push((name, true));
                // '0' follows '/': the next name after all that lie in this folder.
                next = self.from(&format!("{prefix}{name}0")).next();
            } else {
                out.push((rest, false));
                next = self.from(&format!("{path}\0")).next();
            }
        }
        out
    }

    /// The paths from `first` on.
    fn from(&self, first: &str) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        let at = self.files.partition_point(|(path, _)| *path < first);
        self.files[at..].iter().map(|(path, _)| *path)
    }

    /// A file, with its text when it was given.
    fn find(&self, path: &str) -> Option<(&'a str, Option<&'a str>)> {
        let at = self.files.binary_search_by_key(&path, |(path, _)| *path).ok()?;
        self.files.get(at).copied()
    }

    /// The text of a file, without its byte order mark; `None` when it isn't there, wasn't given, or is too long.
    pub(super) fn text(&mut self, path: &str) -> Option<&'a str> {
        let Some(text) = self.find(path)?.1 else {
            self.unread.insert(path.into());
            return None;
        };
        if text.len() > LONGEST {
            self.problem(path, None, &format!("larger than {}, not read", exact_bytes(LONGEST as u64)));
            return None;
        }
        let Some(remaining) = self.bytes_left.checked_sub(text.len()) else {
            self.problem(path, None, "referenced by too many other files, not read again");
            return None;
        };
        self.bytes_left = remaining;
        Some(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// Whether one more step from file to file may be made.
    pub(super) fn step(&mut self) -> bool {
        self.steps_left = self.steps_left.saturating_sub(1);
        self.steps_left > 0
    }

    /// Notes what is wrong. `at` are bytes of [`ManifestTree::text`].
    pub(super) fn problem(&mut self, path: &str, at: Option<std::ops::Range<usize>>, message: &str) {
        let text = self.find(path).and_then(|(_, text)| text).unwrap_or_default();
        let shift = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let place = |at| boundary(text, at + shift) as u32;
        let span = at.map(|at| crate::text::Span::new(place(at.start), place(at.end)));
        self.problems.insert(ManifestProblem { path: path.into(), span, message: message.into(), is_unused: false });
    }

    /// Notes that another file is read instead of this one.
    pub(super) fn unused(&mut self, path: &str, message: &str) {
        self.problems.insert(ManifestProblem {
            path: path.into(),
            span: None,
            message: message.into(),
            is_unused: true,
        });
    }
}

/// The last character boundary up to `at`: a reader may point into the middle of a character.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `folder`, the folder that it lies in, and so on to the root: `""`, or `/` where a hostile path is absolute.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| Some(path::parent(folder)).filter(|parent| parent != folder))
}

/// The path of `relative` seen from `folder`, without `.` and `..`; `Err` with a path that begins with `..` when it
/// leaves the context, or is absolute.
pub(super) fn resolve(folder: &str, relative: &str) -> Result<String, String> {
    let relative = relative.replace('\\', "/");
    if relative.starts_with('/') {
        return Err(relative);
    }
    let path = path::join(folder, &relative);
    if path::is_within(&path, "..") { Err(path) } else { Ok(path) }
}

/// Whether the path lies in a folder of packages that somebody else wrote, or of a program's own files: manifests inside
/// tell nothing of the context's projects.
pub(super) fn is_installed(path: &str) -> bool {
    let is_installed = |part: &str| part == ".git" || FileRole::of_folder(part) == Some(FileRole::Vendored);
    path::parent(path).split('/').any(is_installed)
}

#[cfg(test)]
mod tests {
    use super::ancestors;

    #[test]
    fn each_way_up_ends_at_its_root() {
        for (folder, expected) in
            [("", &[""][..]), ("a/b", &["a/b", "a", ""]), ("/", &["/"]), ("/a/b", &["/a/b", "/a", "/"])]
        {
            assert_eq!(ancestors(folder).take(9).collect::<Vec<_>>(), expected, "{folder:?}");
        }
    }
}
