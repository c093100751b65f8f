//! Files that a build makes anew under other names: bundlers put hashes and numbers of the build into them.

use std::collections::{BTreeMap, BTreeSet};

use super::Files;
use crate::proof::declared::Declared;
use crate::proof::side::Side;

/// Characters of an ending: `js`, `woff2`.
const ENDING: usize = 5;

/// Characters of a name with a hash.
const LEAST: usize = 6;

/// Files of the original that the rewrite has under other names: what the build made in a folder with an ending, where the
/// rewrite has at least as many new ones of the kind.
pub(super) fn renamed<'f>(
    (before, old): (&Side, &'f Files),
    (after, new): (&Side, &Files),
    declared: &Declared,
) -> BTreeSet<&'f str> {
    let made = |path: &&String| !declared.brought.contains_key(*path);
    let mut gone: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in old.keys().filter(made).filter(|path| after.tree_path(path).is_none()) {
        let shape = shape(path, after);
        if shape.contains('*') || is_numbered(path) {
            gone.entry(shape).or_default().push(path);
        }
    }
    let mut fresh: BTreeMap<String, usize> = BTreeMap::new();
    for path in new.keys().filter(made).filter(|path| !old.contains_key(*path)) {
        *fresh.entry(shape(path, before)).or_default() += 1;
    }
    let has = |(shape, paths): &(String, Vec<&str>)| fresh.get(shape).is_some_and(|many| *many >= paths.len());
    gone.into_iter().filter(has).flat_map(|(_, paths)| paths).collect()
}

/// Whether a name may hold a hash or a number of the build.
fn is_numbered(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = name.rsplit('.').take_while(|part| plain(part)).map(|part| part.len() + 1).sum::<usize>();
    let stem = &name[..name.len().saturating_sub(ends)];
    stem.len() >= LEAST && stem.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Whether a part of a name may be an ending.
fn plain(part: &str) -> bool {
    part.len() <= ENDING && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// A path without the names that the other side lacks: `/app/build/*/*.js.map`.
fn shape(path: &str, other: &Side) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    let mut out = String::new();
    let mut full = String::new();
    let mut known = true;
    for part in folder.split('/').skip(1) {
        full.push('/');
        full.push_str(part);
        known = known && other.tree_path(&full).is_some();
        out.push('/');
        out.push_str(if known { part } else { "*" });
    }
    let endings: Vec<&str> = name.split('.').skip(1).collect();
    let first =
        endings.iter().rposition(|part| !plain(part)).map_or(0, |at| at + 1).max(endings.len().saturating_sub(2));
    for ending in &endings[first..] {
        out.push('.');
        out.push_str(ending);
    }
    out
}
