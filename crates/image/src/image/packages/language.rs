//! Packages of Python, Node, Ruby and PHP, and programs: from the metadata in the final tree.

use hashbrown::HashSet;

use super::draft::{FileOwnership, PackageDraft};
use super::fact::{NameHash, PackageFactKind, Record};
use super::file_facts::{FileFacts, ImageFacts};
use super::python::normalized;
use super::result::{Ecosystem, PackageReason};
use crate::image::path::PathId;

/// All packages of languages, and programs.
pub(super) fn drafts<'a>(ground: &ImageFacts<'a>) -> Vec<PackageDraft<'a>> {
    let (mut drafts, mut programs) = (Vec::new(), HashSet::new());
    for file in &ground.current {
        let paths = &ground.image.paths;
        let (folder, name) = (paths.parent(file.path), paths.name(file.path));
        match file.fact {
            PackageFactKind::Metadata(record) if name.ends_with(b".gemspec") => drafts.push(gem(ground, file, record)),
            PackageFactKind::Metadata(record) if !record.name.is_empty() => drafts.push(python(ground, file, record)),
            PackageFactKind::Manifest(manifest) if is_module(ground, folder) && !manifest.record.name.is_empty() => {
                let mut draft = PackageDraft::new(Ecosystem::Node, &manifest.record, folder, ground.since(file));
                draft.manifest = Some(manifest);
                draft.claim = FileOwnership::Folder(folder);
                draft.extra_files.push(file.path);
                drafts.push(draft);
            }
            PackageFactKind::Vendored(all) => {
                drafts.extend(all.iter().filter_map(|(package, at)| vendored(ground, file, package, at)));
            }
            // One draft for all names of a program.
            PackageFactKind::Program(program) if programs.insert(file.entry) => {
                let mut draft = PackageDraft::unnamed(program.ecosystem, file.path, ground.since(file));
                draft.package.name = program.name.clone();
                draft.package.version = program.version.clone();
                draft.package.parts = program.parts.to_vec();
                draft.claim = FileOwnership::File;
                draft.extra_files.push(file.path);
                drafts.push(draft);
            }
            _ => {}
        }
    }
    asked_gems(ground, &mut drafts);
    drafts
}

/// Whether a folder is `node_modules/name` or `node_modules/@scope/name`.
pub(super) fn is_module(ground: &ImageFacts<'_>, folder: PathId) -> bool {
    let paths = &ground.image.paths;
    let above = paths.parent(folder);
    let scoped = paths.name(above).starts_with(b"@");
    paths.name(if scoped { paths.parent(above) } else { above }) == b"node_modules"
}

fn python<'a>(ground: &ImageFacts<'a>, file: &FileFacts<'a>, record: &'a Record) -> PackageDraft<'a> {
    let paths = &ground.image.paths;
    let mut draft = PackageDraft::new(Ecosystem::Python, record, file.path, ground.since(file));
    draft.key = normalized(record.name.as_bytes());
    draft.extra_files.push(file.path);
    let folder = paths.parent(file.path);
    if paths.name(file.path).ends_with(b".egg-info") {
        draft.scope = folder;
        return draft;
    }
    let site = paths.parent(folder);
    draft.scope = site;
    draft.extra_files.extend(ground.tree.children(folder));
    if paths.name(folder) == b"EGG-INFO" {
        draft.scope = paths.parent(site);
        draft.claim = FileOwnership::Folder(site);
    }
    let list = |name: &[u8]| match ground.told_in(folder, name) {
        Some(PackageFactKind::Files(list)) => Some(list),
        _ => None,
    };
    let lists =
        list(b"RECORD").map(|list| (list, site)).or_else(|| list(b"installed-files.txt").map(|list| (list, folder)));
    draft.lists.extend(lists.or_else(|| list(b"SOURCES.txt").map(|list| (list, site))));
    draft.package.editable = matches!(ground.told_in(folder, b"direct_url.json"), Some(PackageFactKind::Editable));
    let requested = paths.child(folder, b"REQUESTED").is_some_and(|path| ground.tree.contains(path));
    // pip marks what was named; other installers need not, so that a missing mark says nothing.
    let pip =
        matches!(ground.told_in(folder, b"INSTALLER"), Some(PackageFactKind::Installer(name)) if &**name == "pip");
    draft.package.why = match (requested, pip) {
        (true, _) => PackageReason::Asked,
        (false, true) => PackageReason::Dependency,
        _ => PackageReason::Unknown,
    };
    draft
}

fn gem<'a>(ground: &ImageFacts<'a>, file: &FileFacts<'a>, record: &'a Record) -> PackageDraft<'a> {
    let paths = &ground.image.paths;
    let mut draft = PackageDraft::new(Ecosystem::Ruby, record, file.path, ground.since(file));
    draft.extra_files.push(file.path);
    let specifications = paths.parent(file.path);
    let default = paths.name(specifications) == b"default";
    let home = if default { paths.parent(paths.parent(specifications)) } else { paths.parent(specifications) };
    draft.scope = home;
    let name = paths.name(file.path);
    let name = name.strip_suffix(b".gemspec").unwrap_or(name);
    let inside = |folder: &[u8], name: &[u8]| paths.child(paths.child(home, folder)?, name);
    if let Some(folder) = inside(b"gems", name) {
        draft.claim = FileOwnership::Folder(folder);
    }
    draft.extra_files.extend(inside(b"cache", &[name, b".gem"].concat()));
    draft.extra_files.extend(inside(b"build_info", &[name, b".info"].concat()));
    draft
}

/// What a `Gemfile.lock` names is asked for; where there is none, nothing tells.
fn asked_gems(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>]) {
    let paths = &ground.image.paths;
    let locks = ground.current.iter().filter(|file| paths.name(file.path) == b"Gemfile.lock");
    let names = locks.filter_map(|file| match file.fact {
        PackageFactKind::Names(names) => Some(names.iter().copied()),
        _ => None,
    });
    let direct_names: HashSet<NameHash> = names.flatten().collect();
    for draft in drafts.iter_mut().filter(|draft| draft.package.ecosystem == Ecosystem::Ruby) {
        if direct_names.contains(&draft.key) {
            draft.package.why = PackageReason::Asked;
        }
    }
}

fn vendored<'a>(
    ground: &ImageFacts<'a>,
    file: &FileFacts<'a>,
    record: &'a Record,
    at: &[u8],
) -> Option<PackageDraft<'a>> {
    let paths = &ground.image.paths;
    let composer = paths.parent(file.path);
    let vendor = paths.parent(composer);
    let from = if at.starts_with(b"/") { PathId::ROOT } else { composer };
    let folder = at.split(|&byte| byte == b'/').try_fold(from, |at, name| match name {
        b"" | b"." => Some(at),
        b".." => Some(paths.parent(at)),
        _ => paths.child(at, name),
    })?;
    // A package that is the project itself, or the whole image, owns nothing.
    let sound =
        folder != PathId::ROOT && folder != vendor && folder != paths.parent(vendor) && ground.tree.contains(folder);
    let mut draft = PackageDraft::new(Ecosystem::Php, record, folder, file.entry.layer);
    draft.scope = vendor;
    if sound {
        draft.claim = FileOwnership::Folder(folder);
    }
    let manifest = ground.told_in(paths.parent(vendor), b"composer.json");
    if let Some(PackageFactKind::Manifest(manifest)) = manifest {
        let named = manifest.record.needs.iter().chain(&manifest.development_needs);
        let is_direct = named.into_iter().any(|need| need.name == draft.key);
        draft.package.why = if is_direct { PackageReason::Asked } else { PackageReason::Dependency };
    }
    Some(draft)
}
