//! Files whose names a bundler changes with their contents.

use crate::data;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::optimize::pass_input::PassInput;
use crate::sources::object_literals::value;
use crate::text::path;

/// A regular expression for their paths below the site's address, from the first slash on; `None` where files of other
/// names may lie among them.
pub(super) fn pattern(input: &PassInput, project: &Project) -> Option<String> {
    let depends = |name: &str| project.dependencies.iter().any(|dependency| dependency.name == name);
    let row = data::HASHED_FILES.rows().find(|row| depends(row[0]))?;
    let &[package, folder, name, copied, settings, ..] = row else { return None };
    let output_folder = path::join(&project.root, &path::join(copied, folder));
    if input.context().is_none_or(|context| context.find(&output_folder).is_some()) {
        return None;
    }
    let texts = FileKind::endings_of(Ecosystem::Node).filter_map(|ending| {
        input.evidence.texts.get(&path::join(&project.root, &format!("{package}.config{ending}")))
    });
    let mut texts = texts.into_iter();
    if texts.any(|text| data::words(settings).any(|key| value(text, key) != Ok(None))) {
        return None;
    }
    Some(format!("{folder}/.+{name}"))
}
