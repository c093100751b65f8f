//! Changes of files as users see them: names that `git apply` takes, the diff, files written elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::Global;
use super::output::CommandFailure;
use super::{terminal, write};
use crate::compose::{MAIN_FILES, OVERRIDE_FILES};
use crate::emit::JUST_FILES;
use crate::finding::{Mask, Target};
use crate::fix::{Change, FixOutcome};
use crate::inputs::Inputs;
use crate::load::{LoadError, folder_of, read_input};
use crate::report;

/// Where a file is; of one that is not there yet, where it will be.
pub(super) fn place(name: &str) -> PathBuf {
    let path = Path::new(name);
    let folder = folder_of(path);
    let new = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(new).unwrap_or_else(|| path.to_owned())
}

/// A file's path below the folder at hand, links followed: `git apply` takes no other. `None` where it is elsewhere.
pub(super) fn below_here(name: &str) -> Option<String> {
    let here = Path::new(".").canonicalize().ok()?;
    place(name).strip_prefix(here).ok()?.to_str().map(str::to_owned)
}

/// The changes as a diff that `git apply` takes.
pub(super) fn diff(global: &Global, outcome: &mut FixOutcome, mask: &Mask) -> Vec<u8> {
    report::diff(with_names_here(outcome), mask, terminal::stdout(global))
}

/// The changes of files by their names in the folder at hand.
pub(super) fn with_names_here(outcome: &mut FixOutcome) -> &FixOutcome {
    for change in &mut outcome.changes {
        change.name = below_here(&change.name).unwrap_or_else(|| change.name.clone());
    }
    outcome
}

/// Says where the shown diff can't be applied.
pub(super) fn warn_of_diff(outcome: &FixOutcome, mask: &Mask) {
    if report::diff_is_masked(outcome, mask) {
        terminal::note(
            "this diff masks secrets, so it cannot be applied; `--write` applies the changes and keeps the secrets",
        );
    }
    if outcome.changes.iter().any(|change| below_here(&change.name).is_none()) {
        terminal::note("this diff contains files outside this folder, which `git apply` rejects; use `--write`");
    }
}

/// What a file holds that a new text is to replace; `None` where none is there. What cannot be read whole is never replaced, nor
/// what lies outside of the project, and no file is created that takes the place of one that was not looked at.
pub(super) fn replaceable(place: &Path, project: &Path) -> Result<Option<Vec<u8>>, CommandFailure> {
    let refusal = |what: String| CommandFailure::Because {
        what,
        help: Some("move it out of the way, or repair it: a new file is to be written there".to_owned()),
    };
    if let Some(hidden) = hidden_by(place) {
        let (hidden, place) = (hidden.display(), place.display());
        return Err(refusal(format!("`{hidden}` was not read, and `{place}` would be used in its place")));
    }
    match read_input(place) {
        Ok(source) if is_below(place, project) => Ok(Some(source.bytes().to_vec())),
        Ok(_) => Err(refusal(format!("`{}` is a link to a file outside of the project", place.display()))),
        Err(LoadError::Missing(_)) => Ok(None),
        Err(error) => Err(refusal(error.to_string())),
    }
}

fn is_below(place: &Path, project: &Path) -> bool {
    place
        .canonicalize()
        .ok()
        .zip(project.canonicalize().ok())
        .is_some_and(|(place, project)| place.starts_with(project))
}

/// A file of the same folder that a program would no longer read once this one is there.
fn hidden_by(place: &Path) -> Option<PathBuf> {
    let name = place.file_name()?.to_str()?;
    if place.symlink_metadata().is_ok() {
        return None;
    }
    let group = [&MAIN_FILES[..], &OVERRIDE_FILES, &JUST_FILES].into_iter().find(|group| group.contains(&name))?;
    let others = group.iter().filter(|other| **other != name).map(|other| folder_of(place).join(other));
    others.into_iter().find(|other| other.symlink_metadata().is_ok())
}

/// Changes the files: all of them, or none.
pub(super) fn write_all(changes: &[Change]) -> Result<(), CommandFailure> {
    let files: Vec<write::PlannedWrite> =
        changes.iter().map(|change| (Path::new(&*change.name), change.before.as_deref(), &*change.after)).collect();
    Ok(write::change(&files)?)
}

/// Writes the changed files below another folder, as they lie below `root`: all of them, or none.
pub(super) fn write_below(folder: &Path, root: &Path, changes: &[Change]) -> Result<(), CommandFailure> {
    let base = if root.is_dir() { root } else { root.parent().unwrap_or(Path::new("")) };
    let base = base.strip_prefix(".").unwrap_or(base);
    let mut files = Vec::new();
    for change in changes {
        let name = Path::new(&change.name);
        let below =
            name.strip_prefix(base).ok().filter(|below| is_plain(below)).ok_or_else(|| CommandFailure::Because {
                what: format!("`{}` is not in `{}`", change.name, base.display()),
                help: Some("pass the folder that contains all files of the build, or use `--write`".to_owned()),
            })?;
        files.push((folder.join(below), &*change.after));
    }
    let folders = NewFolders::create(files.iter().map(|(to, _)| to.as_path()))?;
    let before = files.iter().map(|(to, _)| replaceable(to, folder)).collect::<Result<Vec<_>, _>>();
    let before = match before {
        Ok(before) => before,
        Err(failure) => return folders.keep_if(Err(failure)),
    };
    let replaced =
        files.iter().zip(&before).filter(|((_, after), before)| before.as_deref().is_some_and(|old| old != *after));
    let replaced: Vec<String> = replaced.map(|((to, _), _)| format!("`{}`", to.display())).collect();
    let all: Vec<write::PlannedWrite> =
        files.iter().zip(&before).map(|((to, after), before)| (&**to, before.as_deref(), *after)).collect();
    folders.keep_if(write::change(&all))?;
    if !replaced.is_empty() {
        terminal::note(&format!("replaced {}, which had other contents", replaced.join(", ")));
    }
    Ok(())
}

/// As [`write_all`], and creates the folders of new files.
pub(super) fn write_with_folders(changes: &[Change]) -> Result<(), CommandFailure> {
    let folders = NewFolders::create(changes.iter().map(|change| Path::new(&*change.name)))?;
    folders.keep_if(write_all(changes))
}

/// Folders that were created for files, the uppermost first.
#[derive(Default)]
struct NewFolders(Vec<PathBuf>);

impl NewFolders {
    /// Creates the folders of files as far as they are missing: all of them, or none.
    fn create<'a>(files: impl Iterator<Item = &'a Path>) -> Result<Self, CommandFailure> {
        let mut folders = Self::default();
        for file in files {
            let missing: Vec<&Path> = file
                .ancestors()
                .skip(1)
                .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
                .collect();
            for folder in missing.into_iter().rev() {
                let created = std::fs::create_dir(folder);
                let failure = created.map_err(|error| CommandFailure::Because {
                    what: format!("`{}` cannot be created: {error}", folder.display()),
                    help: Some("check the permissions".to_owned()),
                });
                if let Err(failure) = failure {
                    return folders.keep_if(Err(failure)).map(|()| Self::default());
                }
                folders.0.push(folder.to_owned());
            }
        }
        Ok(folders)
    }

    /// Removes the folders again if the files were not written.
    fn keep_if<E>(self, written: Result<(), E>) -> Result<(), CommandFailure>
    where
        CommandFailure: From<E>,
    {
        if written.is_err() {
            for folder in self.0.iter().rev() {
                // One that somebody else uses by now is not empty and stays.
                let _ = std::fs::remove_dir(folder);
            }
        }
        Ok(written?)
    }
}

/// Whether a path stays below the folder that it is joined to.
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// The changes of all builds; a file that several of them share is changed once.
pub(super) fn merged(all: impl Iterator<Item = Change>, inputs: &Inputs) -> FixOutcome {
    let builds = inputs.builds.iter().enumerate();
    let parts: BTreeMap<Target, usize> =
        builds.rev().map(|(index, build)| (Target::File(build.dockerfile), index)).collect();
    let mut changes: BTreeMap<String, Change> = BTreeMap::new();
    for change in all {
        // Texts inside of one file have its name in common.
        let part = parts.get(&change.target);
        let key = format!("{}\0{}", change.name, part.map(ToString::to_string).unwrap_or_default());
        changes.entry(key).or_insert(change);
    }
    let mut outcome = FixOutcome { changes: changes.into_values().collect(), ..FixOutcome::default() };
    crate::audit::write_embedded(&mut outcome, &inputs.sources);
    outcome
}
