//! The secrets that RUNs mount, by the names under which a build passes them.

use crate::build::Build;
use crate::dockerfile::{Instruction, Keyword};
use crate::text::path;

/// A secret that a RUN mounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) struct SecretMount {
    /// Its name.
    pub id: String,
    /// The line of the RUN.
    pub line: u32,
    /// Whether the builder stops without it.
    pub is_required: bool,
    /// Whether its RUN asks for it, or does without.
    pub is_asked: bool,
}

/// The secrets that the stages with these numbers mount; `None` where a name has a variable, or another file may have more.
pub(in crate::rules) fn secret_mounts(build: &Build, is_needed: &dyn Fn(usize) -> bool) -> Option<Vec<SecretMount>> {
    let file = &build.input().file;
    if build.is_fragment() || file.instructions().iter().any(|known| known.keyword == Keyword::Unknown) {
        return None;
    }
    let mut mounts = Vec::new();
    for stage in build.stages().iter().filter(|stage| is_needed(stage.index)) {
        for (_, run) in build.instructions(stage).filter(|(_, known)| known.keyword == Keyword::Run) {
            mounts.extend(mounts_of(build, run)?);
        }
    }
    Some(mounts)
}

/// The secrets of a RUN; `None` where a name has a variable.
fn mounts_of(build: &Build, run: &Instruction) -> Option<Vec<SecretMount>> {
    let file = &build.input().file;
    let text = file.source().slice(run.span);
    let is_asked = ["[ -", "test -", ":-", "|| "].iter().any(|part| text.contains(part));
    let mut secrets = Vec::new();
    for mount in file.mounts(run).iter().filter(|mount| mount.kind() == "secret") {
        let id = mount.field(&["id"]).and_then(|field| field.value.clone());
        let Some(id) = id.or_else(|| mount.target().map(|target| path::name(target).to_owned())) else { continue };
        if id.contains('$') {
            return None;
        }
        let required = mount.field(&["required"]);
        let is_required = required.is_some_and(|field| field.value.as_deref() != Some("false"));
        secrets.push(SecretMount { id, line: run.start_line, is_required, is_asked });
    }
    Some(secrets)
}
