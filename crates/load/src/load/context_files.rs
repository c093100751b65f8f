//! Reads the files of the build context that a service of a compose file has.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::context::{self, Limits};
use super::file::display_path;
use super::projects::{files, projects};
use super::source_texts::texts;
use crate::ignore::{self, Matcher};
use crate::inputs::{ContextFiles, Inputs};
use crate::manifest::FileKind;

/// Entries that a context may have.
const ENTRIES: usize = 20_000;

/// The files of the contexts that were asked for. Many compose files may build from one context.
#[derive(Default)]
pub(super) struct ContextFilesReader(Mutex<BTreeMap<String, Option<Arc<ContextFiles>>>>);

impl ContextFilesReader {
    /// The files of a context; `None` where there are too many, or the sources cannot all be read.
    pub(super) fn read(&self, root: &str) -> Option<Arc<ContextFiles>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(root).cloned();
        known.unwrap_or_else(|| {
            let files = context_files(root).map(Arc::new);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned(), files.clone());
            files
        })
    }
}

fn context_files(root: &str) -> Option<ContextFiles> {
    let root = Path::new(root);
    let matcher = match context::ignore_file_for(None, root) {
        Some(path) => ignore::parse(&super::read_source(&path, super::DOCKERFILE_LIMIT).ok()?).matcher(),
        None => Matcher::new([]).ok()?,
    };
    let limits = Limits { entries: ENTRIES, ..Limits::default() };
    let context = context::read(root, &display_path(root), &matcher, limits).ok()?;
    // What is wrong with manifests is said where they are asked for.
    let projects = projects(root, &context, &mut Inputs::default());
    let (mut texts, is_cut) = texts(root, &context, Some(&projects));
    if is_cut {
        return None;
    }
    let files = files(&context).map(|id| {
        let path = context.path(id);
        let text = if FileKind::of(&path).is_code() { texts.remove(&path) } else { None };
        (path, text)
    });
    Some(ContextFiles { files: files.collect(), projects })
}
