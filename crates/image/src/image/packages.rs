//! Packages of the final tree with the bytes that they really take: what a package manager's database, or a language's
//! own metadata, says belongs together. Sizes are measured on the tree and never taken from what a package declares.
//!
//! A file belongs to one package. System packages come first (dpkg, apk, rpm), since only their manager takes their
//! files away again; then lists of Python (RECORD), then folders of Node, Ruby and PHP, the nearest one; then single
//! files (Go and Rust programs, jars). A language's package inside another package is listed with
//! [`Package::part_of`] and owns nothing.

mod apk;
mod closure;
mod dpkg;
mod draft;
mod dependencies;
mod fact;
mod file_facts;
mod jar;
mod language;
mod list;
mod modules;
mod node;
mod php;
mod program;
mod python;
mod release;
mod result;
mod rpm;
mod ruby;
mod stream;
mod system;
#[cfg(test)]
mod tests;
mod package_files;

use std::collections::BTreeMap;

use hashbrown::HashMap;

use self::draft::{FileOwnership, PackageDraft};
use self::file_facts::{ImageFacts, NOBODY, Owners};
use self::modules::Modules;
use crate::image::Image;
use crate::image::entry::EntryKind;
use crate::image::path::PathId;
use crate::image::tree::ImageTree;

pub use self::fact::PackageFact;
pub(crate) use self::package_files::Watcher;
pub use self::result::{
    BundledModule, Duplicate, Ecosystem, ImagePackages, Package, PackageReason, Size, SystemRelease, UnownedFiles,
};

/// Notices of one image at most.
const NOTICES: usize = 50;

/// Works out the packages of an image, given its final tree.
pub fn work_out(image: &Image, tree: &ImageTree) -> ImagePackages {
    let ground = ImageFacts::new(image, tree);
    let mut result = ImagePackages::default();
    let mut drafts = system::drafts(&ground, &mut result.notices);
    drafts.extend(language::drafts(&ground));
    drafts.sort_by(|left, other| left.package.order().cmp(&other.package.order()));
    result.release = system::release(&ground);
    let mut owners = Owners::new(&ground);
    claim(&ground, &mut drafts, &mut owners);
    measure(&ground, &mut drafts, &owners, &mut result);
    result.packages = explain(&ground, drafts, &owners, &mut result.notices);
    result.duplicates = duplicates(&result.packages);
    if result.notices.len() > NOTICES {
        let more = result.notices.len() - NOTICES;
        result.notices.truncate(NOTICES);
        result.notices.push(format!("{more} more files about packages could not be read"));
    }
    result
}

/// Gives each file to a package: first by lists, then compiled Python to its source's owner, then by folders, then
/// single files.
fn claim(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>], owners: &mut Owners) {
    let diversions = system::diversions(ground);
    let mut folders = HashMap::new();
    for (index, draft) in (0..).zip(&mut *drafts) {
        if draft.claim == FileOwnership::File {
            continue;
        }
        if !draft.package.ecosystem.is_system() {
            let marker = draft.extra_files.first().copied().unwrap_or(draft.package.place);
            draft.package.part_of = owners.owner_of(ground, marker);
            if draft.package.part_of.is_some() {
                continue;
            }
        }
        for &path in &draft.extra_files {
            owners.claim(ground, path, index);
        }
        for (list, from) in &draft.lists {
            let step = |at, name: &[u8]| ground.step(at, name);
            list.walk(*from, &ground.image.paths, step, |path| {
                let diverted = diversions.get(&path).filter(|(_, by)| *by != draft.key);
                owners.claim(ground, diverted.map_or(path, |&(to, _)| to), index);
            });
        }
        if let FileOwnership::Folder(folder) = draft.claim {
            folders.entry(folder).or_insert(index);
        }
    }
    claim_compiled(ground, owners);
    claim_folders(ground, &folders, owners);
    for (index, draft) in (0..).zip(drafts).filter(|(_, draft)| draft.claim == FileOwnership::File) {
        draft.package.part_of = owners.owner_of(ground, draft.package.place);
        if draft.package.part_of.is_none() {
            owners.claim(ground, draft.package.place, index);
        }
    }
}

/// `__pycache__/x.cpython-313.pyc` goes with `x.py` beside its folder, listed or not.
fn claim_compiled(ground: &ImageFacts<'_>, owners: &mut Owners) {
    let paths = &ground.image.paths;
    let mut name = Vec::new();
    for (path, _) in ground.tree.members() {
        let folder = paths.parent(path);
        if paths.name(folder) != b"__pycache__" || !paths.name(path).ends_with(b".pyc") {
            continue;
        }
        name.clear();
        name.extend(paths.name(path).split(|&byte| byte == b'.').next().unwrap_or_default());
        name.extend(b".py");
        let source = paths.child(paths.parent(folder), &name);
        if let Some(owner) = source.and_then(|source| owners.owner_of(ground, source)) {
            owners.claim(ground, path, owner);
        }
    }
}

/// Everything below a folder goes to the nearest package whose folder it is.
fn claim_folders(ground: &ImageFacts<'_>, folders: &HashMap<PathId, u32>, owners: &mut Owners) {
    if folders.is_empty() {
        return;
    }
    // A parent's number is smaller than its children's.
    let paths = &ground.image.paths;
    let mut nearest: Vec<u32> = Vec::with_capacity(paths.len());
    for path in paths.all() {
        let above = nearest.get(paths.parent(path).index()).copied().unwrap_or(NOBODY);
        let folder = folders.get(&path).copied().unwrap_or(above);
        nearest.push(folder);
        if folder != NOBODY {
            owners.claim(ground, path, folder);
        }
    }
}

/// Sums up what each package owns, and what none does.
fn measure(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>], owners: &Owners, result: &mut ImagePackages) {
    let mut unowned: BTreeMap<(u32, PathId), Size> = BTreeMap::new();
    for (path, id) in ground.tree.inodes() {
        let Some(entry) = ground.entry(id).filter(|entry| entry.kind == EntryKind::File) else { continue };
        let size = Size { bytes: entry.size, compressed: entry.compressed, files: 1 };
        match owners.of(ground, id) {
            Some(owner) => {
                let package = &mut drafts[owner as usize].package;
                package.size += size;
                match package.by_layer.iter_mut().find(|(layer, _)| *layer == id.layer) {
                    Some((_, sum)) => *sum += size,
                    None => package.by_layer.push((id.layer, size)),
                }
            }
            None => *unowned.entry((id.layer, top(ground, path))).or_default() += size,
        }
    }
    for draft in drafts {
        draft.package.by_layer.sort_by_key(|&(layer, _)| layer);
    }
    result.unowned =
        unowned.into_iter().map(|((layer, directory), size)| UnownedFiles { layer, directory, size }).collect();
    result.unowned.sort_by_key(|group| (std::cmp::Reverse(group.size.bytes), group.layer, group.directory));
    result.owners = vec![NOBODY; ground.image.paths.len()];
    for (path, entry) in ground.tree.members() {
        if let Some(owner) = owners.of(ground, ground.tree.inode(entry)) {
            result.owners[path.index()] = owner;
        }
    }
}

/// The directory near the root that a file is in.
fn top(ground: &ImageFacts<'_>, path: PathId) -> PathId {
    let paths = &ground.image.paths;
    let (mut second, mut first, mut at) = (PathId::ROOT, PathId::ROOT, paths.parent(path));
    while at != PathId::ROOT {
        (second, first) = (first, at);
        at = paths.parent(at);
    }
    let deep = matches!(paths.name(first), b"usr" | b"var" | b"opt" | b"home");
    if deep && second != PathId::ROOT { second } else { first }
}

/// Who needs whom, why each is there, and what it costs with what it needs.
fn explain(
    ground: &ImageFacts<'_>,
    mut drafts: Vec<PackageDraft<'_>>,
    owners: &Owners,
    notices: &mut Vec<String>,
) -> Vec<Package> {
    let modules = Modules::new(ground, &drafts);
    let direct = modules::mark_direct_dependencies(ground, &mut drafts, &modules);
    let marked: Vec<bool> = drafts.iter().map(|draft| draft.package.why == PackageReason::Dependency).collect();
    dependencies::connect(ground, &mut drafts, &modules, owners);
    let mut packages: Vec<Package> = drafts.into_iter().map(|draft| draft.package).collect();
    if !closure::fill(&mut packages, |index| marked[index]) {
        notices.push("the packages have too many dependencies on each other; not all were followed".to_owned());
    }
    modules::mark_development(&mut packages, &direct);
    // What owns nothing cannot be removed by itself.
    for package in packages.iter_mut().filter(|package| package.part_of.is_some()) {
        (package.exclusive, package.closure) = (None, None);
    }
    packages
}

/// One name and version at several places, where that is no system's doing.
fn duplicates(packages: &[Package]) -> Vec<Duplicate> {
    let mut groups: BTreeMap<(Ecosystem, &str, &str), Vec<u32>> = BTreeMap::new();
    for (index, package) in (0..).zip(packages) {
        // Programs that were built from one package (`uv`, `uvx`) are none of it twice.
        let program = matches!(package.ecosystem, Ecosystem::Go | Ecosystem::Rust);
        if !package.ecosystem.is_system() && !program && package.size.bytes > 0 && !package.version.is_empty() {
            groups.entry((package.ecosystem, &package.name, &package.version)).or_default().push(index);
        }
    }
    let several = groups.into_values().filter(|group| group.len() > 1);
    let mut duplicates: Vec<Duplicate> = several
        .map(|group| {
            let bytes = group.iter().map(|&index| packages[index as usize].size.bytes);
            let largest = bytes.clone().max().unwrap_or_default();
            Duplicate { bytes: bytes.sum::<u64>() - largest, packages: group }
        })
        .collect();
    duplicates.sort_by_key(|duplicate| (std::cmp::Reverse(duplicate.bytes), duplicate.packages[0]));
    duplicates
}
