//! What git ignores of a context: by the .gitignore files from the repository's top down and `.git/info/exclude`, without
//! what it tracks all the same. The user's own settings are not asked: another person's answer would differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::load::git::{common_dir, git_folder, small_file, tracked_paths};
use crate::text::path;

/// Folders of installed packages.
pub(super) const INSTALLED: [&str; 4] = ["node_modules", "vendor", ".venv", "venv"];

/// What git says of a context.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GitAnswer {
    /// Topmost paths that it ignores, sorted; `None` where the context lies in no repository.
    pub(super) ignored: Option<Vec<String>>,
    /// Folders of installed packages that it tracks something of.
    pub(super) committed: BTreeSet<String>,
    /// Topmost paths that a clean clone lacks, sorted: ignored, or not tracked. Without a repository, what .gitignore files
    /// of the context ignore.
    pub(super) absent: Vec<String>,
}

/// Asks git about the contexts of a run; what it tracks, and each file of patterns, is read once.
#[derive(Debug, Default)]
pub(super) struct GitReader {
    tracked: Mutex<BTreeMap<PathBuf, TrackedPaths>>,
    patterns: Mutex<BTreeMap<PathBuf, Option<Arc<Gitignore>>>>,
}

/// What a repository tracks, by its git folder.
type TrackedPaths = Arc<OnceLock<Arc<BTreeSet<String>>>>;

impl GitReader {
    /// Asks the repository that a context lies in.
    pub(super) fn ask(&self, root: &Path, context: &BuildContext) -> GitAnswer {
        let (folders, in_repository) = folders_above(root);
        if in_repository {
            return self.of_repository(&folders, context).unwrap_or_default();
        }
        let Some(folder) = folders.first() else { return GitAnswer::default() };
        let rules = self.patterns_in(folder).map(|rules| (None, rules)).into_iter().collect();
        let mut walk = GitWalk::new(context, folder, String::new(), (Arc::default(), rules));
        walk.walk_all();
        GitAnswer { absent: walk.absent, ..GitAnswer::default() }
    }

    fn of_repository(&self, folders: &[PathBuf], context: &BuildContext) -> Option<GitAnswer> {
        let (folder, top) = (folders.first()?, folders.last()?);
        let git_dir = git_folder(&top.join(".git"))?;
        let tracked = self.tracked(&git_dir);
        let prefix = folder.strip_prefix(top).ok()?.to_str()?.to_owned();
        let committed = committed(context, &prefix, &tracked);
        let rules = self.rules_of(&git_dir, folders);
        if prefix_is_ignored(&rules, top, folder) {
            return Some(GitAnswer { ignored: Some(Vec::new()), committed, absent: Vec::new() });
        }
        let mut walk = GitWalk::new(context, folder, prefix, (tracked, rules));
        walk.walk_all();
        Some(GitAnswer { ignored: Some(walk.ignored), committed, absent: walk.absent })
    }

    fn tracked(&self, git_dir: &Path) -> Arc<BTreeSet<String>> {
        let mut known = self.tracked.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(known.entry(git_dir.to_owned()).or_default());
        drop(known);
        Arc::clone(slot.get_or_init(|| Arc::new(tracked_paths(git_dir))))
    }

    /// The patterns above a folder, those of the repository itself first.
    fn rules_of(&self, git_dir: &Path, folders: &[PathBuf]) -> Rules {
        let exclude = common_dir(git_dir).join("info/exclude");
        let of_repository = folders.last().and_then(|top| self.patterns(&exclude, top));
        let others = folders.iter().rev().filter_map(|folder| self.patterns_in(folder));
        of_repository.into_iter().chain(others).map(|rules| (None, rules)).collect()
    }

    fn patterns_in(&self, folder: &Path) -> Option<Arc<Gitignore>> {
        self.patterns(&folder.join(".gitignore"), folder)
    }

    fn patterns(&self, file: &Path, folder: &Path) -> Option<Arc<Gitignore>> {
        let lock = || self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(file) {
            return known.clone();
        }
        let read = patterns(file, folder).map(Arc::new);
        lock().insert(file.to_owned(), read.clone());
        read
    }
}

/// Which names of files in a folder git would ignore, whether they are there or not; `None` outside of a repository.
pub fn git_ignored_names(folder: &Path, names: &[&str]) -> Option<BTreeSet<String>> {
    let (folders, is_repository) = folders_above(folder);
    if !is_repository {
        return None;
    }
    let (folder, top) = (folders.first()?, folders.last()?);
    let rules = GitReader::default().rules_of(&git_folder(&top.join(".git"))?, &folders);
    let is_ignored = |name: &&&str| decide(rules.iter().map(|(_, rules)| rules), &folder.join(name), false);
    Some(names.iter().filter(is_ignored).map(|name| (*name).to_owned()).collect())
}

/// Whether git would ignore a path, whether it is there or not. Outside of a repository the .gitignore files of the folders
/// above it count.
pub(in crate::load) fn git_ignores(path: &Path, is_folder: bool) -> bool {
    let Some(folder) = path.ancestors().skip(1).find(|above| above.is_dir()) else { return false };
    let (folders, is_repository) = folders_above(folder);
    let reader = GitReader::default();
    let top = if is_repository { folders.last() } else { None };
    let git_dir = top.and_then(|top| git_folder(&top.join(".git")));
    let rules = match &git_dir {
        Some(git_dir) => reader.rules_of(git_dir, &folders),
        None => folders.iter().rev().filter_map(|at| reader.patterns_in(at)).map(|rules| (None, rules)).collect(),
    };
    let Some(real) = folders.first().zip(path.strip_prefix(folder).ok()).map(|(folder, rest)| folder.join(rest)) else {
        return false;
    };
    decide(rules.iter().map(|(_, rules)| rules), &real, is_folder)
}

fn committed(context: &BuildContext, prefix: &str, tracked: &BTreeSet<String>) -> BTreeSet<String> {
    let is_installed = |id: &EntryId| {
        let entry = context.entry(*id);
        entry.kind == ContextEntryKind::Directory && INSTALLED.contains(&entry.name)
    };
    let holds = |path: &String| {
        let below = if prefix.is_empty() { format!("{path}/") } else { format!("{prefix}/{path}/") };
        tracked.range(below.clone()..).next().is_some_and(|first| first.starts_with(&below))
    };
    context.entries().filter(is_installed).map(|id| context.path(id)).filter(holds).collect()
}

/// Whether the context lies in what git ignores: then it tells nothing.
fn prefix_is_ignored(rules: &[(Option<EntryId>, Arc<Gitignore>)], top: &Path, folder: &Path) -> bool {
    let inside = folder.ancestors().take_while(|at| *at != top);
    inside.into_iter().any(|at| decide(rules.iter().map(|(_, rules)| rules), at, true))
}

/// Whether the last pattern that fits says so; the rules of the deepest folder stand last.
fn decide<'r>(rules: impl DoubleEndedIterator<Item = &'r Arc<Gitignore>>, path: &Path, directory: bool) -> bool {
    for rules in rules.rev().filter(|rules| path.starts_with(rules.path())) {
        match rules.matched(path, directory) {
            Match::None => {}
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
        }
    }
    false
}

struct GitWalk<'c> {
    context: &'c BuildContext,
    /// The context's folder.
    folder: &'c Path,
    /// Its path below the repository's top.
    prefix: String,
    tracked: Arc<BTreeSet<String>>,
    /// Patterns in force, those of the deepest folder last, with the context's folder that they stand in.
    rules: Rules,
    /// Whether something of the context is tracked, so that the rest was left out.
    in_use: bool,
    ignored: Vec<String>,
    absent: Vec<String>,
}

type Rules = Vec<(Option<EntryId>, Arc<Gitignore>)>;

impl<'c> GitWalk<'c> {
    fn new(
        context: &'c BuildContext,
        folder: &'c Path,
        prefix: String,
        (tracked, rules): (Arc<BTreeSet<String>>, Rules),
    ) -> Self {
        let mut walk =
            Self { context, folder, prefix, tracked, rules, in_use: false, ignored: Vec::new(), absent: Vec::new() };
        walk.in_use = walk.is_tracked("", true);
        walk
    }

    fn walk_all(&mut self) {
        let mut inside: Option<EntryId> = None;
        for id in self.context.entries() {
            if inside.is_some_and(|above| self.context.is_below(id, above)) {
                continue;
            }
            let left = |of: &Option<EntryId>| of.is_some_and(|of| !self.context.is_below(id, of));
            while self.rules.last().is_some_and(|(of, _)| left(of)) {
                self.rules.pop();
            }
            let entry = self.context.entry(id);
            if entry.name == ".git" {
                inside = Some(id);
                continue;
            }
            let path = self.context.path(id);
            let full = self.folder.join(&path);
            let directory = entry.kind == ContextEntryKind::Directory;
            if decide(self.rules.iter().map(|(_, rules)| rules), &full, directory) && !self.is_tracked(&path, directory)
            {
                self.lacks(path.clone());
                self.ignored.push(path);
                inside = Some(id);
                continue;
            }
            if self.in_use && !self.is_tracked(&path, directory) && !self.lies_in_module(&path) {
                self.lacks(path);
            }
            if directory {
                self.rules.extend(patterns(&full.join(".gitignore"), &full).map(|rules| (Some(id), Arc::new(rules))));
            }
        }
    }

    /// A clean clone has no such path.
    fn lacks(&mut self, path: String) {
        if !self.absent.last().is_some_and(|above| path::is_within(&path, above)) {
            self.absent.push(path);
        }
    }

    /// Whether it lies in another repository that this one tracks as a whole.
    fn lies_in_module(&self, path: &str) -> bool {
        let path = path::join(&self.prefix, path);
        path.match_indices('/').any(|(at, _)| self.tracked.contains(&path[..at]))
    }

    /// Whether git keeps it, or something below it, all the same.
    fn is_tracked(&self, path: &str, directory: bool) -> bool {
        let path = path::join(&self.prefix, path);
        if !directory {
            return self.tracked.contains(&path);
        }
        if path.is_empty() {
            return !self.tracked.is_empty();
        }
        let below = path.clone() + "/";
        let inside = self.tracked.range(below.clone()..).next().is_some_and(|first| first.starts_with(&below));
        // The repository of a submodule is tracked by its folder's name.
        inside || self.tracked.contains(&path)
    }
}

/// The patterns of a file that is there and no link.
fn patterns(file: &Path, folder: &Path) -> Option<Gitignore> {
    let text = small_file(file)?;
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(&text).lines() {
        // A pattern that is none ignores nothing.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

/// The folder itself and those above it, links followed, nearest first: up to the repository's top, which is the last of
/// them where there is one.
pub(super) fn folders_above(folder: &Path) -> (Vec<std::path::PathBuf>, bool) {
    /// Folders that are tried.
    const HIGHEST: usize = 32;
    let Ok(real) = folder.canonicalize() else { return (Vec::new(), false) };
    let mut folders = Vec::new();
    for at in real.ancestors().take(HIGHEST) {
        folders.push(at.to_owned());
        if at.join(".git").symlink_metadata().is_ok() {
            return (folders, true);
        }
    }
    (folders, false)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn git(folder: &Path, args: &[&str]) {
        let ran = std::process::Command::new("git")
            .args(["-c", "core.autocrlf=false"])
            .args(args)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let full = folder.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        git(folder.path(), &["init", "-q"]);
        folder
    }

    fn context(paths: &[&str]) -> BuildContext {
        BuildContext::of(&paths.iter().map(|path| (*path, 1)).collect::<Vec<_>>())
    }

    const FILES: [(&str, &str); 8] = [
        (".gitignore", "lib/\n*.log\n.env\n"),
        ("web/.gitignore", "dist\n!keep.log\n"),
        ("web/lib/a.ts", ""),
        ("web/dist/b.js", ""),
        ("web/keep.log", ""),
        ("web/x.log", ""),
        ("web/.env", ""),
        ("web/lib2/é.ts", ""),
    ];

    #[test]
    fn names_are_ignored_by_the_deepest_pattern() {
        let folder = repository(&[(".gitignore", ".env*\n"), ("web/.gitignore", "!.env.example\n")]);
        let names = [".env", ".env.example", "compose.yaml"];
        let ignored =
            |at: &str| git_ignored_names(&folder.path().join(at), &names).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(ignored(""), [".env", ".env.example"]);
        assert_eq!(ignored("web"), [".env"]);
        assert_eq!(git_ignored_names(tempfile::tempdir().unwrap().path(), &names), None);
    }

    #[test]
    fn what_git_ignores_is_told_at_its_top() {
        let folder = repository(&FILES);
        let web = context(&[".env", ".gitignore", "dist/b.js", "keep.log", "lib/a.ts", "lib2/é.ts", "x.log"]);
        let ignored = GitReader::default().ask(&folder.path().join("web"), &web).ignored.unwrap();
        assert_eq!(ignored, [".env", "dist", "lib", "x.log"]);
    }

    #[test]
    fn what_git_tracks_is_not_ignored() {
        for version in ["2", "4"] {
            let folder = repository(&FILES);
            git(folder.path(), &["add", "-f", "web/lib/a.ts", "web/lib2/é.ts", "web/.gitignore", "web/x.log"]);
            git(folder.path(), &["update-index", "--index-version", version]);
            let web = context(&[".env", "dist/b.js", "lib/a.ts", "x.log"]);
            assert_eq!(
                GitReader::default().ask(&folder.path().join("web"), &web).ignored.unwrap(),
                [".env", "dist"],
                "{version}"
            );
            let index = tracked_paths(&folder.path().join(".git"));
            assert_eq!(
                index.into_iter().collect::<Vec<_>>(),
                ["web/.gitignore", "web/lib/a.ts", "web/lib2/é.ts", "web/x.log"]
            );
        }
    }

    #[test]
    fn what_a_clean_clone_lacks_is_told() {
        let files = [
            (".gitignore", ".env\ndist\n"),
            (".env", ""),
            ("app.js", ""),
            ("dist/app.js", ""),
            ("local.sqlite", ""),
            ("uploads/a.png", ""),
            ("src/a.js", ""),
            ("src/b.js", ""),
        ];
        let all = context(&files.map(|(path, _)| path));
        let folder = repository(&files);
        // Before the first `git add` nothing tells what belongs to the project.
        assert_eq!(GitReader::default().ask(folder.path(), &all).absent, [".env", "dist"]);
        git(folder.path(), &["add", "app.js", "src/a.js", ".gitignore"]);
        assert_eq!(
            GitReader::default().ask(folder.path(), &all).absent,
            [".env", "dist", "local.sqlite", "src/b.js", "uploads"]
        );
        std::fs::remove_dir_all(folder.path().join(".git")).unwrap();
        let without = GitReader::default().ask(folder.path(), &all);
        assert_eq!((without.absent, without.ignored), (vec![".env".to_owned(), "dist".to_owned()], None));
    }

    #[test]
    fn packages_that_git_tracks_are_told() {
        let folder = repository(&[("web/node_modules/a/index.js", ""), ("web/lib/node_modules/b.js", "")]);
        git(folder.path(), &["add", "-f", "web/node_modules"]);
        let web = context(&["node_modules/a/index.js", "lib/node_modules/b.js"]);
        assert_eq!(
            GitReader::default().ask(&folder.path().join("web"), &web).committed,
            ["node_modules".to_owned()].into()
        );
    }

    #[test]
    fn a_context_that_git_ignores_as_a_whole_tells_nothing() {
        let folder = repository(&[(".gitignore", "out\n"), ("out/a/b.txt", "")]);
        assert_eq!(
            GitReader::default().ask(&folder.path().join("out/a"), &context(&["b.txt"])).ignored,
            Some(Vec::new())
        );
    }
}
