//! Files that may run.

use crate::manifest::{ContentKind, FileKind};
use crate::text::path;

/// Whether a file holds commands by name that people and pipelines start.
pub(super) fn is_make(name: &str) -> bool {
    ["justfile", "makefile", "taskfile"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a file may be code of a program or of a build.
pub(super) fn is_code(path: &str) -> bool {
    let name = path::name(path);
    let runs = matches!(FileKind::of(name).nature(), ContentKind::Code | ContentKind::Shell | ContentKind::Markup);
    runs || (!name.contains('.') && !is_make(name))
}
