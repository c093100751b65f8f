//! Scripts of a shell that lie in the context and that nothing of its builds starts: people, cron or a server call them.

use std::collections::BTreeSet;

use super::code::{is_code, is_make};
use super::group::Group;
use crate::manifest::{FileKind, Role, is_manifest};
use crate::text::path;

/// The maximum number of scripts that are looked for; the others may be started.
const MOST: usize = 200;

/// The scripts whose names stand in no Dockerfile, in no manifest and in no source that may run.
fn scripts<'a>(group: &Group<'a>) -> BTreeSet<&'a str> {
    let evidence = group.evidence;
    let mut alone: BTreeSet<&str> = BTreeSet::new();
    if evidence.texts_cut {
        return alone;
    }
    let is_copied = |path: &str| group.is_named(path) || group.is_named_above(path);
    let scripts = evidence.texts.keys().filter(|path| FileKind::of(path).is_shell() && !is_copied(path));
    let is_built = |path: &str| group.dockerfiles().any(|text| text.contains(stem(path)));
    alone.extend(scripts.map(String::as_str).filter(|path| !is_built(path)).take(MOST));
    let makes = group.dockerfiles().any(|text| text.contains("make"));
    let may_start = |path: &str| {
        let manifest = is_manifest(path).is_some_and(|kind| kind.role == Role::Manifest);
        is_code(path) || manifest || (makes && is_make(path::name(path)))
    };
    // A script that one which is started names is started too.
    loop {
        let is_started = |path: &&&str| {
            let word = [stem(path)];
            let mut texts = evidence.perhaps_holding(&word);
            texts.any(|(other, text)| !alone.contains(other.as_str()) && may_start(other) && text.contains(word[0]))
        };
        let started: Vec<&str> = alone.iter().filter(is_started).copied().collect();
        if started.is_empty() {
            return alone;
        }
        alone.retain(|path| !started.contains(path));
    }
}

/// Whether nothing of the builds and programs starts a script of a shell: `scripts/deploy.sh`, which cron calls.
pub(super) fn is_for_host(group: &Group, path: &str) -> bool {
    group.host_scripts.get_or_init(|| scripts(group)).contains(path)
}

/// The name of a script without its ending, by which others start it.
fn stem(path: &str) -> &str {
    FileKind::of(path::name(path)).without_ending()
}
