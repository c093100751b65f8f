//! A context by itself, for those who copy it.

use std::path::Path;

use super::context::{Limits, read};
use crate::ignore::Matcher;
use crate::inputs::context::BuildContext;

/// What the builder would be sent of a folder.
///
/// # Errors
/// When the folder can't be read, has too many entries, or a pattern is wrong: in one sentence.
pub fn walk(root: &Path, ignore: &Matcher) -> Result<BuildContext, String> {
    read(root, &root.display().to_string(), ignore, Limits::default()).map_err(|error| error.to_string())
}
