//! The migrations below a folder, and which of them the commit in service has already.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::DirEntry;
use rayon::prelude::*;

use super::file::{display_path, folder_of, path_below, problem, read_source};
use super::git::Repository;
use super::project_files::GIT_FOLDER;
use super::tree_walk::{may_be_entered, tree_walk};
use crate::data;
use crate::failure::{Failure, FailureKind};
use crate::inputs::{Inputs, MigrationInput};
use crate::manifest::FileKind;
use crate::sources::patterns;
use crate::text::{Source, path};

/// Files that are read.
const FILES: usize = 20_000;

/// Bytes of a file that are read.
const LIMIT: u64 = 4 << 20;

/// A meaning in `data/source_patterns.tsv`.
const FOLDER: &str = "folder of migrations";

/// Those that nobody runs any more; a meaning there, too.
const ARCHIVE: &str = "folder of migrations that no longer run";

/// Which migrations are in service already.
#[derive(Clone, Copy)]
pub enum MigrationBase<'b> {
    /// Nobody says: the newest are taken to be new.
    Newest,
    /// Those of a commit, as git names it.
    Commit(&'b str),
    /// Those that an image has; the function takes a path as the user would type it.
    Image(&'b dyn Fn(&str) -> bool),
}

/// Adds the migrations below a folder, or below that of a file.
///
/// # Errors
/// The folder is in no git repository, or the commit is not known; only where one is named.
pub fn add_migrations(inputs: &mut Inputs, root: &Path, base: MigrationBase) -> Result<(), Failure> {
    let root = if root.is_dir() { root } else { folder_of(root) };
    let mut sources = Vec::new();
    for (file, source) in files(root).par_iter().map(|file| (file, read_source(file, LIMIT))).collect::<Vec<_>>() {
        match source {
            Ok(source) => sources.push((file.clone(), source)),
            Err(error) => inputs.problems.push(problem(&error)),
        }
    }
    let (since, known) = match base {
        MigrationBase::Newest => (None, BTreeSet::new()),
        MigrationBase::Commit(name) => (Some(name.to_owned()), known_files(root, name, &sources)?),
        MigrationBase::Image(has) => {
            let known = sources.iter().map(|(_, source)| source.name()).filter(|name| has(name));
            (Some("the image in service".to_owned()), known.map(str::to_owned).collect())
        }
    };
    let texts: Vec<(&str, &str)> = sources.iter().map(|(_, source)| (source.name(), source.text())).collect();
    let folder = std::path::absolute(".").unwrap_or_default().to_string_lossy().replace('\\', "/");
    let input = MigrationInput::read(&texts, folder, since.clone(), known);
    if !input.history.migrations.is_empty() || since.is_some() {
        inputs.migrations = Some(Arc::new(input));
    }
    Ok(())
}

/// Whether a folder is called after migrations, and not below that after what is put away.
fn is_of_migrations(folder: &str) -> bool {
    let is = |meaning: &str, part: &str| patterns::words(meaning).any(|word| word == part);
    let mut parts = folder.split('/').skip_while(|part| !is(FOLDER, part));
    parts.next().is_some() && !parts.any(|part| is(ARCHIVE, part))
}

/// Files that may be migrations, by their names: code of Python and SQL in folders that are called after them.
fn files(root: &Path) -> Vec<PathBuf> {
    let is_passed = |name: &str| name == GIT_FOLDER || data::FOLDER_NAMES.has(name, "installed");
    let is_entered =
        move |entry: &DirEntry| !entry.file_name().to_str().is_some_and(is_passed) && may_be_entered(entry);
    let walk = tree_walk(root).filter_entry(is_entered).build();
    let mut files = Vec::new();
    for entry in walk.flatten() {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        let name = display_path(entry.path());
        let is_read = matches!(FileKind::of(&name).language(), "Python" | "SQL");
        if is_file && is_read && is_of_migrations(path::parent(&name)) {
            files.push(entry.into_path());
        }
        if files.len() >= FILES {
            break;
        }
    }
    files.sort();
    files
}

/// The names of files that a commit has as they are.
fn known_files(root: &Path, since: &str, sources: &[(PathBuf, Source)]) -> Result<BTreeSet<String>, Failure> {
    let outside = || {
        let what = format!("`{}` is in no git repository, so `{since}` names no commit", display_path(root));
        Failure::new(FailureKind::Setup, what, "leave out `--since`, or name a folder of a repository")
    };
    let repository = Repository::discover(root)?.ok_or_else(outside)?;
    let top = repository.work_tree().ok_or_else(outside)?.to_owned();
    let tree = repository.commit(repository.resolve(since)?)?.tree;
    let is_known = |(file, source): &&(PathBuf, Source)| {
        let entry = repository.entry_at(tree, &path_below(file, &top)?).ok()??;
        let old = repository.blob(entry.id, LIMIT as usize).ok()?;
        // Git may check out other line ends.
        let plain = |bytes: &[u8]| bytes.iter().copied().filter(|byte| *byte != b'\r').collect::<Vec<_>>();
        (plain(&old) == plain(source.bytes())).then_some(())
    };
    let known = sources.iter().filter(|source| is_known(source).is_some());
    Ok(known.map(|(_, source)| source.name().to_owned()).collect())
}
