//! The texts of files that an editor has open: they are read in place of what is on disk. A program that is no language server has
//! none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The texts, by absolute paths without links.
static OPEN_TEXTS: RwLock<BTreeMap<PathBuf, Arc<str>>> = RwLock::new(BTreeMap::new());

/// Whether there are any: nobody looks up each file that is read without a reason.
static HAS_ANY: AtomicBool = AtomicBool::new(false);

/// Sets the text of a file; `None` when it is closed.
pub fn set_open_text(path: &Path, text: Option<Arc<str>>) {
    let key = key(path);
    let mut texts = OPEN_TEXTS.write().unwrap_or_else(PoisonError::into_inner);
    match text {
        Some(text) => texts.insert(key, text),
        None => texts.remove(&key),
    };
    HAS_ANY.store(!texts.is_empty(), Ordering::Release);
}

/// The text of a file, if an editor has it open.
pub(super) fn open_text(path: &Path) -> Option<Arc<str>> {
    if !HAS_ANY.load(Ordering::Acquire) {
        return None;
    }
    OPEN_TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&key(path)).cloned()
}

/// A path as the texts are looked up by; that of a file which is not on disk yet by its folder.
fn key(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::read_source;

    #[test]
    fn an_open_text_is_read_in_place_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Dockerfile");
        std::fs::write(&file, "FROM a\n").unwrap();
        let text = |path: &Path| read_source(path, 100).unwrap().text().to_owned();
        set_open_text(&file, Some("FROM b\n".into()));
        assert_eq!(text(&folder.path().join("./Dockerfile")), "FROM b\n");
        let new = folder.path().join("new");
        set_open_text(&new, Some("FROM c\n".into()));
        assert_eq!(text(&new), "FROM c\n", "it is not on disk yet");
        set_open_text(&file, None);
        set_open_text(&new, None);
        assert_eq!(text(&file), "FROM a\n");
        assert!(read_source(&new, 100).is_err());
    }
}
