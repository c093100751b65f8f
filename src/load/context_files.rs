//! Reads the files of the build context that a service of a compose file has.

use std::path::Path;

use super::context::{self, Limits};
use super::file::{display_path, read_text};
use super::projects::{files, projects};
use crate::ignore::{self, Matcher};
use crate::inputs::{ContextFiles, Inputs};
use crate::manifest::FileKind;

/// Entries that a context may have.
const ENTRIES: usize = 20_000;

/// Bytes that a source file may have.
const FILE: u64 = 1 << 20;

/// Bytes that all of them may have.
const TOTAL: usize = 32 << 20;

/// The files of a context; `None` where there are too many, or one cannot be read.
pub(super) fn context_files(root: &str) -> Option<ContextFiles> {
    let root = Path::new(root);
    let matcher = match context::ignore_file_for(None, root) {
        Some(path) => ignore::parse(&super::read_source(&path, super::DOCKERFILE_LIMIT).ok()?).matcher(),
        None => Matcher::new([]).ok()?,
    };
    let limits = Limits { entries: ENTRIES, ..Limits::default() };
    let context = context::read(root, &display_path(root), &matcher, limits).ok()?;
    // What is wrong with manifests is said where they are asked for.
    let projects = projects(root, &context, &mut Inputs::default());
    let mut left = TOTAL;
    let mut read = Vec::new();
    for id in files(&context) {
        let path = context.path(id);
        let text = if FileKind::of(&path).is_code() { Some(read_text(&root.join(&path), FILE).ok()?) } else { None };
        left = left.checked_sub(text.as_ref().map_or(0, |text| text.bytes().len()))?;
        read.push((path, text));
    }
    Some(ContextFiles { projects, files: read })
}
