//! Executable bits that git records otherwise than the files have them.

use std::path::Path;

use gix_index::entry::Mode;

use super::index::read_index;
use super::repository::Repository;
use crate::inputs::GitModes;
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::text::path;

/// Bits of a mode that make a file executable.
const EXECUTABLE: u16 = 0o111;

/// The files of a context whose executable bit is not the one that git records. None where git looks at the bit itself:
/// there a difference is a change that is not committed yet. None outside of a repository, and where files have no modes.
pub(in crate::load) fn git_modes(root: &Path, context: &BuildContext) -> GitModes {
    recorded(root, context).unwrap_or_default()
}

fn recorded(root: &Path, context: &BuildContext) -> Option<GitModes> {
    let repository = Repository::discover(root).ok().flatten().filter(|repository| !repository.config.file_mode)?;
    let top = repository.work_tree()?.canonicalize().ok()?;
    if !cfg!(unix) {
        return None;
    }
    let folder = root.canonicalize().ok()?.strip_prefix(top).ok()?.to_str()?.to_owned();
    let index = read_index(repository.git_dir(), repository.hash)?;
    let mut modes = GitModes::default();
    for entry in index.entries() {
        let executable = match entry.mode {
            Mode::FILE => false,
            Mode::FILE_EXECUTABLE => true,
            _ => continue,
        };
        let full = entry.path(&index).to_string();
        let Some(place) = path::relative(&full, &folder) else { continue };
        let Some(id) = context.find(place) else { continue };
        let file = context.entry(id);
        if file.kind == ContextEntryKind::File && (file.mode & EXECUTABLE != 0) != executable {
            modes.executable.insert(place.to_owned(), executable);
        }
    }
    Some(modes)
}
