//! Where a repository keeps its files (gitrepository-layout), and small files of it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that a file of settings, of patterns or of shallow commits may have.
const SMALL_FILE: u64 = 1 << 20;

/// The folder that holds a repository's index; linked work trees and submodules have a file that names it.
pub(in crate::load) fn git_folder(dot: &Path) -> Option<PathBuf> {
    if dot.is_dir() {
        return Some(dot.to_owned());
    }
    let text = String::from_utf8(small_file(dot)?).ok()?;
    let named = Path::new(text.strip_prefix("gitdir:")?.trim()).to_owned();
    Some(dot.parent()?.join(named)).filter(|path| path.is_dir())
}

/// The folder with objects and branches, which linked work trees share.
pub(in crate::load) fn common_dir(git_dir: &Path) -> PathBuf {
    let named = small_file(&git_dir.join("commondir")).and_then(|text| String::from_utf8(text).ok());
    match named.as_deref().map(str::trim) {
        Some(named) if !named.is_empty() => {
            let joined = git_dir.join(named);
            joined.canonicalize().unwrap_or(joined)
        }
        _ => git_dir.to_owned(),
    }
}

/// The bytes of a regular file of at most 1 MiB.
pub(in crate::load) fn small_file(file: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(file).ok().filter(fs::Metadata::is_file)?;
    if metadata.len() > SMALL_FILE {
        return None;
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    File::open(file).ok()?.take(SMALL_FILE).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
