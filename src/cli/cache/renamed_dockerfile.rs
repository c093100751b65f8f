//! A Dockerfile that was renamed and not committed yet: where the newest commit has it.

use crate::failure::Failure;
use crate::load::git::{BuildPaths, Commit, ObjectId, Repository, TreeEntryKind};
use crate::text::{diff, path};

/// Folders of the commit that are looked through.
const FOLDERS: usize = 2_000;

/// Files that the work tree lacks which are looked at.
const MISSING: usize = 200;

/// The share of lines that a renamed file keeps, as in git.
const SIMILAR: f32 = 0.5;

/// Where a commit has the Dockerfile of this text that the work tree has elsewhere: the file that the work tree lacks and
/// that is equal, else the most similar one with `dockerfile` or `containerfile` in its name.
pub(super) fn find_renamed(
    repository: &Repository,
    commit: &Commit,
    place: &BuildPaths,
    text: &str,
) -> Result<Option<BuildPaths>, Failure> {
    let Some(top) = repository.work_tree() else { return Ok(None) };
    let mut folders = vec![(String::new(), commit.tree)];
    let mut missing: Vec<(String, ObjectId)> = Vec::new();
    let mut looked = 0;
    while let Some((above, tree)) = folders.pop() {
        looked += 1;
        if looked > FOLDERS {
            break;
        }
        for entry in repository.tree(tree)? {
            let below = path::child(&above, &entry.name);
            let is_file = matches!(entry.kind, TreeEntryKind::File | TreeEntryKind::Executable);
            if entry.kind == TreeEntryKind::Folder {
                folders.push((below, entry.id));
            } else if is_file && missing.len() < MISSING && top.join(&below).symlink_metadata().is_err() {
                missing.push((below, entry.id));
            }
        }
    }
    let mut best: Option<(f32, String)> = None;
    for (file, id) in missing {
        let Ok(known) = repository.text(id) else { continue };
        let name = path::name(&file).to_ascii_lowercase();
        let is_dockerfile = name.contains("dockerfile") || name.contains("containerfile");
        let share = if known == text {
            f32::INFINITY
        } else if is_dockerfile && !name.ends_with(".dockerignore") {
            diff::common_lines(&known, text)
        } else {
            0.0
        };
        if share >= SIMILAR && best.as_ref().is_none_or(|(most, _)| share > *most) {
            best = Some((share, file));
        }
    }
    let Some((_, dockerfile)) = best else { return Ok(None) };
    // A context that moved with its Dockerfile.
    let is_beside = place.context == path::parent(&place.dockerfile);
    let context = if is_beside { path::parent(&dockerfile).to_owned() } else { place.context.clone() };
    Ok(Some(BuildPaths { dockerfile, context }))
}
