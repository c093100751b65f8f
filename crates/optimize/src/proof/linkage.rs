//! Libraries that programs need and that are not found in the image's library folders.

use super::difference::ImageDifference;
use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Observation};
use super::image_side::ImageSide;
use crate::image::{EntryKind, PathId};
use crate::text::path;

/// Folders that every loader looks into (ld.so(8); Debian's multiarch folders are in its ld.so.conf too).
const USUAL: [&str; 10] = [
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib64",
];

/// Bytes below which a file named like a library may be a script of the linker; those of glibc have some 300.
const SCRIPT: u64 = 4096;

/// A library that is asked for: who asks (the file's name), and its name.
type Unresolved = BTreeMap<(String, String), String>;

/// Compares what is not found: nothing may be new.
pub(super) fn check(before: &ImageSide, after: &ImageSide) -> Check {
    let mut seen = Observation::default();
    let (old, new) = (unresolved(before), unresolved(after));
    for ((file, name), path) in &new {
        if !old.contains_key(&(file.clone(), name.clone())) {
            seen.fail(ImageDifference::LibraryMissing { path: path.clone(), name: name.clone() });
        }
    }
    let same = new.len();
    let looked = after.programs().count();
    seen.explain(ImageDifference::SameLinkage { checked: looked.to_string(), incomplete: same.to_string() });
    seen.check("linkage")
}

/// Names of libraries that some of the files ask for and another image's folders lack.
pub fn lacking(side: &ImageSide, files: &[PathId], base: &ImageSide) -> BTreeSet<String> {
    let usual = folders(base);
    let folders_of_side = folders(side);
    let mut lacking = BTreeSet::new();
    for (path, linked) in files.iter().filter_map(|path| Some((*path, side.linked(*path)?))) {
        for name in &linked.needed {
            let beside = places(side, path, &linked.folders).iter().any(|folder| has(side, folder, name));
            let is_present = usual.iter().any(|folder| has(base, folder, name));
            if !beside && !is_present && folders_of_side.iter().any(|folder| has(side, folder, name)) {
                lacking.insert(name.clone());
            }
        }
    }
    lacking
}

/// Where a library of that name lies in the loader's folders.
pub fn library(side: &ImageSide, name: &str) -> Option<PathId> {
    folders(side).iter().find_map(|folder| side.find(&path::join(folder, name)))
}

fn unresolved(side: &ImageSide) -> Unresolved {
    let usual = folders(side);
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    let mut missing = Unresolved::new();
    for (path, linked) in side.programs() {
        for name in &linked.needed {
            let is_present = *known.entry(name).or_insert_with(|| usual.iter().any(|folder| has(side, folder, name)));
            if is_present || name.contains('/') && side.find(name).is_some() {
                continue;
            }
            if !places(side, path, &linked.folders).iter().any(|folder| has(side, folder, name)) {
                let file = String::from_utf8_lossy(side.image.paths.name(path)).into_owned();
                missing.entry((file, name.clone())).or_insert_with(|| side.text(path));
            }
        }
        if let Some(loader) = linked.loader.as_deref().filter(|loader| side.find(loader).is_none()) {
            let file = String::from_utf8_lossy(side.image.paths.name(path)).into_owned();
            missing.insert((file, loader.to_owned()), side.text(path));
        }
    }
    missing
}

/// The folders of the loader's configuration, of `LD_LIBRARY_PATH`, and those that it always looks into.
fn folders(side: &ImageSide) -> Vec<String> {
    let named = side.variable("LD_LIBRARY_PATH").unwrap_or_default().split(':').filter(|folder| !folder.is_empty());
    let all = named.chain(side.loader_folders()).chain(USUAL);
    let present: BTreeSet<PathId> = BTreeSet::new();
    let mut present = present;
    all.filter(|folder| side.find(folder).is_some_and(|path| present.insert(path))).map(str::to_owned).collect()
}

/// The folders that a file itself names.
fn places(side: &ImageSide, path: PathId, folders: &[String]) -> Vec<String> {
    let origin = side.text(side.image.paths.parent(path));
    let replace = |folder: &String| folder.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin);
    folders.iter().map(replace).collect()
}

fn has(side: &ImageSide, folder: &str, name: &str) -> bool {
    let Some(path) = side.find(&path::join(folder, name)) else { return false };
    // `libc.so` of a development package is a text for the linker: what asks the loader for it was made for another C library.
    let script = |size: u64| name.strip_suffix(".so").is_some() && size < SCRIPT && side.linked(path).is_none();
    side.entry_at(path).is_some_and(|entry| entry.kind == EntryKind::File && !script(entry.size))
}
