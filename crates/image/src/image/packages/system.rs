//! Packages of dpkg, apk and rpm: what the final tree's databases list, and since which layer.

use hashbrown::{HashMap, HashSet};

use super::draft::PackageDraft;
use super::fact::{NameHash, PackageFactKind, Record};
use super::file_facts::{Diversions, FileFacts, ImageFacts};
use super::result::{Ecosystem, PackageReason, SystemRelease};
use crate::image::path::PathId;

/// All packages of systems; oddities go to the notices.
pub(super) fn drafts<'a>(ground: &ImageFacts<'a>, notices: &mut Vec<String>) -> Vec<PackageDraft<'a>> {
    let mut drafts = Vec::new();
    let mut seen = HashSet::new();
    for file in &ground.current {
        let PackageFactKind::Database(records) = file.fact else { continue };
        let path = ground.image.paths.bytes(file.path);
        let ecosystem = match &path[..] {
            path if path.starts_with(b"var/lib/dpkg/") => Ecosystem::Dpkg,
            path if path.ends_with(b"apk/db/installed") => Ecosystem::Apk,
            // `var/lib/rpm` may be a copy of `usr/lib/sysimage/rpm`: each package counts once.
            _ => Ecosystem::Rpm,
        };
        let layers = installed(ground.history(file));
        for record in records {
            let key = identity(record);
            if seen.insert((ecosystem, key, NameHash::of(record.version.as_bytes()))) {
                let layer = layers.get(&key).map_or(file.entry.layer, |&(_, layer)| layer);
                let mut draft = PackageDraft::new(ecosystem, record, file.path, layer);
                draft.lists.push((&record.files, PathId::ROOT));
                drafts.push(draft);
            }
        }
    }
    dpkg_files(ground, &mut drafts);
    reasons(ground, &mut drafts);
    removed(ground, &drafts, notices);
    drafts
}

/// The distribution of the final tree. `/etc/os-release` is a link in most images.
pub(super) fn release(facts: &ImageFacts<'_>) -> Option<SystemRelease> {
    let paths = [&b"etc/os-release"[..], b"usr/lib/os-release"];
    paths.into_iter().find_map(|path| match facts.facts_at(facts.find(path)?)? {
        PackageFactKind::Release(release) => Some(release.clone()),
        _ => None,
    })
}

fn identity(record: &Record) -> NameHash {
    NameHash::of(record.name.as_bytes()).union(NameHash::of(record.architecture.as_bytes()))
}

/// Since which layer each package has its version, over the states of one database.
fn installed(history: &[FileFacts<'_>]) -> HashMap<NameHash, (NameHash, u32)> {
    let mut since = HashMap::new();
    for state in history {
        let PackageFactKind::Database(records) = state.fact else { continue };
        let next = records.iter().map(|record| {
            let (key, version) = (identity(record), NameHash::of(record.version.as_bytes()));
            let old = since.get(&key).filter(|&&(old, _)| old == version).map(|&(_, layer)| layer);
            (key, (version, old.unwrap_or(state.entry.layer)))
        });
        since = next.collect();
    }
    since
}

/// What dpkg has in `info` for each package: lists, and files of its own.
fn dpkg_files<'a>(ground: &ImageFacts<'a>, drafts: &mut [PackageDraft<'a>]) {
    let mut by_name = HashMap::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.package.ecosystem == Ecosystem::Dpkg) {
        let (name, architecture) = (&draft.package.name, &draft.package.architecture);
        by_name.entry(NameHash::of(name.as_bytes())).or_insert(index);
        by_name.insert(NameHash::of(format!("{name}:{architecture}").as_bytes()), index);
    }
    let paths = &ground.image.paths;
    if let Some(info) = paths.find(b"var/lib/dpkg/info") {
        // Sums name fewer files than lists: they count where the list was removed.
        let mut sums = Vec::new();
        let mut files: Vec<PathId> = ground.tree.children(info).collect();
        files.sort_unstable();
        for path in files {
            let name = paths.name(path);
            let Some(dot) = memchr::memrchr(b'.', name) else { continue };
            let Some(&index) = by_name.get(&NameHash::of(&name[..dot])) else { continue };
            drafts[index].extra_files.push(path);
            match (ground.facts_at(path), &name[dot..]) {
                (Some(PackageFactKind::Files(list)), b".md5sums") => sums.push((index, list)),
                (Some(PackageFactKind::Files(list)), _) => drafts[index].lists.push((list, PathId::ROOT)),
                _ => {}
            }
        }
        let lacking: Vec<bool> =
            drafts.iter().map(|draft| draft.lists.iter().all(|(list, _)| list.is_empty())).collect();
        for (index, list) in sums {
            if lacking[index] {
                drafts[index].lists.push((list, PathId::ROOT));
            }
        }
    }
    let Some(folder) = paths.find(b"var/lib/dpkg/status.d") else { return };
    for draft in drafts.iter_mut().filter(|draft| paths.parent(draft.package.place) == folder) {
        draft.extra_files.push(draft.package.place);
        let sums = [paths.name(draft.package.place), b".md5sums"].concat();
        let Some(sums) = paths.child(folder, &sums) else { continue };
        draft.extra_files.push(sums);
        if let Some(PackageFactKind::Files(list)) = ground.facts_at(sums) {
            draft.lists.push((list, PathId::ROOT));
        }
    }
}

/// Files that dpkg keeps elsewhere.
pub(super) fn diversions(ground: &ImageFacts<'_>) -> Diversions {
    let diversions = ground.find(b"var/lib/dpkg/diversions").and_then(|path| ground.facts_at(path));
    let Some(PackageFactKind::Diversions(all)) = diversions else { return Diversions::new() };
    all.iter().filter_map(|(from, to, by)| Some((ground.find(from)?, (ground.find(to)?, *by)))).collect()
}

/// Why each package is there, as far as its manager tells.
fn reasons(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>]) {
    let names = |path: &[u8]| match ground.find(path).and_then(|path| ground.facts_at(path)) {
        Some(PackageFactKind::Names(names)) => Some(names.iter().copied().collect::<HashSet<_>>()),
        _ => None,
    };
    // Before apt first marks a package it has no such file: all are asked for then.
    let apt = names(b"var/lib/apt/extended_states");
    let apt = apt.or_else(|| ground.tree.contains(ground.find(b"usr/bin/apt-get")?).then(HashSet::new));
    let world = names(b"etc/apk/world");
    let rpm_files = [
        &b"usr/lib/sysimage/libdnf5/packages.toml"[..],
        b"var/lib/zypp/AutoInstalled",
        b"usr/lib/sysimage/dnf/history.sqlite",
        b"var/lib/dnf/history.sqlite",
    ];
    let rpm = rpm_files.into_iter().find_map(names);
    for draft in drafts {
        let (package, record) = (&mut draft.package, draft.record);
        let is_direct = match package.ecosystem {
            Ecosystem::Dpkg => apt.as_ref().map(|automatic| {
                let any = &*package.architecture == "all" && automatic.contains(&draft.key);
                !any && !record.is_some_and(|record| automatic.contains(&identity(record)))
            }),
            Ecosystem::Apk => world.as_ref().map(|world| {
                let provided = record.is_some_and(|record| record.provides.iter().any(|name| world.contains(name)));
                world.contains(&draft.key) || provided
            }),
            // zypp writes names, dnf names with architectures.
            _ => rpm.as_ref().map(|automatic| {
                let exact = record.is_some_and(|record| automatic.contains(&identity(record)));
                !exact && !automatic.contains(&draft.key)
            }),
        };
        package.why = match is_direct {
            Some(true) => PackageReason::Asked,
            Some(false) => PackageReason::Dependency,
            None => PackageReason::Unknown,
        };
    }
}

/// Says where a later layer removed a database that a lower one has, and what could not be read.
fn removed(ground: &ImageFacts<'_>, drafts: &[PackageDraft<'_>], notices: &mut Vec<String>) {
    for file in &ground.current {
        if let PackageFactKind::Unread(why) = file.fact {
            notices.push(format!("/{} {why}", ground.image.paths.text(file.path)));
        }
    }
    let databases = [
        (&b"var/lib/dpkg/status"[..], Ecosystem::Dpkg),
        (b"lib/apk/db/installed", Ecosystem::Apk),
        (b"usr/lib/apk/db/installed", Ecosystem::Apk),
        (b"var/lib/rpm/rpmdb.sqlite", Ecosystem::Rpm),
        (b"usr/lib/sysimage/rpm/rpmdb.sqlite", Ecosystem::Rpm),
        (b"var/lib/rpm/Packages.db", Ecosystem::Rpm),
        (b"usr/lib/sysimage/rpm/Packages.db", Ecosystem::Rpm),
    ];
    for (path, ecosystem) in databases {
        let Some(known) = ground.image.paths.find(path) else { continue };
        let gone = !ground.tree.contains(known) && ground.find(path).is_none_or(|path| !ground.tree.contains(path));
        if gone && !drafts.iter().any(|draft| draft.package.ecosystem == ecosystem) {
            let path = String::from_utf8_lossy(path);
            let name = ecosystem.name();
            notices.push(format!("/{path} was deleted by a later layer, so the files of {name} packages are unknown"));
        }
    }
}
