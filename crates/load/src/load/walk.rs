//! A context by itself, for those who copy or compare it.

use std::path::Path;

use super::context::{Limits, ignore_file_for, read};
use super::{DOCKERFILE_LIMIT, read_source};
use crate::ignore::{self, Matcher};
use crate::inputs::context::BuildContext;

/// What the builder would be sent of a folder.
///
/// # Errors
/// When the folder can't be read, has too many entries, or a pattern is wrong: in one sentence.
pub fn walk(root: &Path, ignore: &Matcher) -> Result<BuildContext, String> {
    read(root, &root.display().to_string(), ignore, Limits::default()).map_err(|error| error.to_string())
}

/// What the builder would be sent of a named context. Only the `.dockerignore` at its root counts, whatever the Dockerfile
/// is called.
///
/// # Errors
/// When the folder or its `.dockerignore` can't be read, has too many entries, or a pattern is wrong: in one sentence.
pub fn walk_named(root: &Path) -> Result<BuildContext, String> {
    let matcher = match ignore_file_for(None, root) {
        Some(path) => {
            let source = read_source(&path, DOCKERFILE_LIMIT).map_err(|error| error.describe())?;
            ignore::parse(&source).matcher()
        }
        None => Matcher::default(),
    };
    walk(root, &matcher)
}
