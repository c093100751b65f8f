//! How packages of Node find each other, and what projects ask for.

use hashbrown::HashMap;

use super::draft::PackageDraft;
use super::fact::{HiddenLockEntry, NameHash, PackageFactKind};
use super::file_facts::ImageFacts;
use super::language::is_module;
use super::result::{Ecosystem, Package, PackageReason};
use crate::image::entry::EntryKind;
use crate::image::path::PathId;

/// Packages of Node by the names in each `node_modules`.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// By `node_modules` folder and name; links of pnpm and of workspaces are followed.
    named: HashMap<(PathId, NameHash), u32>,
}

impl Modules {
    /// Finds all names.
    pub(super) fn new(ground: &ImageFacts<'_>, drafts: &[PackageDraft<'_>]) -> Self {
        let nodes = (0..).zip(drafts).filter(|(_, draft)| draft.package.ecosystem == Ecosystem::Node);
        let folders: HashMap<PathId, u32> = nodes.map(|(index, draft)| (draft.package.place, index)).collect();
        let mut named: HashMap<_, _> = folders.iter().map(|(&folder, &index)| (key(ground, folder), index)).collect();
        if named.is_empty() {
            return Self { named };
        }
        for (path, entry) in ground.tree.members() {
            if ground.entry(entry).is_none_or(|entry| entry.kind != EntryKind::Symlink) || !is_module(ground, path) {
                continue;
            }
            if let Some(&index) = ground.target(path).and_then(|target| folders.get(&target)) {
                named.insert(key(ground, path), index);
            }
        }
        Self { named }
    }

    /// What `require(name)` finds in a folder: in its own `node_modules`, and in those of the folders above.
    pub(super) fn resolve(&self, ground: &ImageFacts<'_>, from: PathId, name: NameHash) -> Option<u32> {
        let paths = &ground.image.paths;
        let mut at = from;
        loop {
            let modules = if paths.name(at) == b"node_modules" { Some(at) } else { paths.child(at, b"node_modules") };
            if let Some(&package) = modules.and_then(|modules| self.named.get(&(modules, name))) {
                return Some(package);
            }
            if at == PathId::ROOT {
                return None;
            }
            at = paths.parent(at);
        }
    }
}

/// The `node_modules` that a module is in, and its name.
fn key(ground: &ImageFacts<'_>, module: PathId) -> (PathId, NameHash) {
    let paths = &ground.image.paths;
    let (above, name) = (paths.parent(module), paths.name(module));
    if paths.name(above).starts_with(b"@") {
        (paths.parent(above), NameHash::of(&[paths.name(above), b"/", name].concat()))
    } else {
        (above, NameHash::of(name))
    }
}

/// Whether a folder is in some package: its manifests are no projects.
fn is_below_modules(ground: &ImageFacts<'_>, mut folder: PathId) -> bool {
    let paths = &ground.image.paths;
    while folder != PathId::ROOT && paths.name(folder) != b"node_modules" {
        folder = paths.parent(folder);
    }
    folder != PathId::ROOT
}

/// What projects name, as indices of packages.
#[derive(Debug, Default)]
pub(super) struct DirectDependencies {
    in_use: Vec<u32>,
    in_development: Vec<u32>,
}

/// Marks what projects ask for.
pub(super) fn mark_direct_dependencies(
    ground: &ImageFacts<'_>,
    drafts: &mut [PackageDraft<'_>],
    modules: &Modules,
) -> DirectDependencies {
    let mut direct = DirectDependencies::default();
    if modules.named.is_empty() {
        return direct;
    }
    for file in &ground.current {
        let folder = ground.image.paths.parent(file.path);
        let PackageFactKind::Manifest(manifest) = file.fact else { continue };
        if ground.image.paths.name(file.path) != b"package.json" || is_below_modules(ground, folder) {
            continue;
        }
        for (needs, roots) in
            [(&manifest.record.needs, &mut direct.in_use), (&manifest.development_needs, &mut direct.in_development)]
        {
            for index in needs.iter().filter_map(|need| modules.resolve(ground, folder, need.name)) {
                drafts[index as usize].package.why = PackageReason::Asked;
                roots.push(index);
            }
        }
    }
    global(ground, drafts);
    locked(ground, drafts);
    direct
}

/// What lies in `lib/node_modules` was installed for all (`npm install -g`), and named.
fn global(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>]) {
    let paths = &ground.image.paths;
    for draft in drafts.iter_mut().filter(|draft| draft.package.ecosystem == Ecosystem::Node) {
        let (modules, _) = key(ground, draft.package.place);
        if paths.name(paths.parent(modules)) == b"lib" {
            draft.package.why = PackageReason::Asked;
        }
    }
}

/// The marks of npm's hidden lock files.
fn locked(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>]) {
    let paths = &ground.image.paths;
    let mut marks: HashMap<(PathId, NameHash), HiddenLockEntry> = HashMap::new();
    for file in &ground.current {
        if let PackageFactKind::Locked(places) = file.fact {
            let project = paths.parent(paths.parent(file.path));
            marks.extend(places.iter().map(|place| ((project, place.place), *place)));
        }
    }
    if marks.is_empty() {
        return;
    }
    for draft in drafts.iter_mut().filter(|draft| draft.package.ecosystem == Ecosystem::Node) {
        let mut names = vec![paths.name(draft.package.place)];
        let mut at = paths.parent(draft.package.place);
        // The project is above some `node_modules`; the outermost lock file knows the place.
        loop {
            let modules = paths.name(at) == b"node_modules";
            names.push(paths.name(at));
            at = paths.parent(at);
            if modules {
                let place: Vec<&[u8]> = names.iter().rev().copied().collect();
                if let Some(mark) = marks.get(&(at, NameHash::of(&place.join(&b'/')))) {
                    draft.package.development = Some(mark.development);
                    draft.package.optional = mark.optional;
                    if mark.peer && draft.package.why == PackageReason::Unknown {
                        draft.package.why = PackageReason::Dependency;
                    }
                }
            }
            if at == PathId::ROOT {
                break;
            }
        }
    }
}

/// Marks what only development needs, where no lock file does.
pub(super) fn mark_development(packages: &mut [Package], direct: &DirectDependencies) {
    let reach = |roots: &[u32]| {
        let (mut todo, mut seen) = (roots.to_vec(), vec![false; packages.len()]);
        while let Some(index) = todo.pop() {
            if !std::mem::replace(&mut seen[index as usize], true) {
                todo.extend(&packages[index as usize].needs);
            }
        }
        seen
    };
    let (use_, development) = (reach(&direct.in_use), reach(&direct.in_development));
    for (index, package) in packages.iter_mut().enumerate() {
        if package.ecosystem == Ecosystem::Node && package.development.is_none() && (use_[index] || development[index])
        {
            package.development = Some(!use_[index]);
        }
    }
}
