//! Who needs whom.

use hashbrown::HashMap;

use super::draft::PackageDraft;
use super::fact::{NameHash, Need};
use super::file_facts::{ImageFacts, Owners};
use super::modules::Modules;
use super::result::{Ecosystem, PackageReason};
use crate::image::path::PathId;

/// What needs are resolved with: by ecosystem, place and name.
#[derive(Debug, Default)]
struct KnownPackages {
    /// Names of packages themselves.
    named: HashMap<(Ecosystem, PathId, NameHash), u32>,
    /// What packages provide.
    provided: HashMap<(Ecosystem, NameHash), u32>,
    /// Python: any site, for packages that see a site above their own.
    anywhere: HashMap<NameHash, u32>,
}

impl KnownPackages {
    fn new(drafts: &[PackageDraft<'_>]) -> Self {
        let mut known = Self::default();
        for (index, draft) in (0..).zip(drafts) {
            let ecosystem = draft.package.ecosystem;
            known.named.entry((ecosystem, draft.scope, draft.key)).or_insert(index);
            if ecosystem == Ecosystem::Python {
                known.anywhere.entry(draft.key).or_insert(index);
            }
            for name in draft.record.iter().flat_map(|record| &record.provides) {
                known.provided.entry((ecosystem, *name)).or_insert(index);
            }
        }
        known
    }

    fn find(&self, draft: &PackageDraft<'_>, name: NameHash) -> Option<u32> {
        let ecosystem = draft.package.ecosystem;
        let candidates =
            self.named.get(&(ecosystem, draft.scope, name)).or_else(|| self.provided.get(&(ecosystem, name)));
        candidates.or_else(|| if ecosystem == Ecosystem::Python { self.anywhere.get(&name) } else { None }).copied()
    }
}

/// Fills [`Package::needs`](super::Package::needs) and `needed_by`.
pub(super) fn connect(ground: &ImageFacts<'_>, drafts: &mut [PackageDraft<'_>], modules: &Modules, owners: &Owners) {
    let known = KnownPackages::new(drafts);
    let (mut strong, mut weak) = (Vec::new(), Vec::new());
    for (index, draft) in (0_u32..).zip(&*drafts) {
        let Some(record) = draft.record else { continue };
        let find = |name: NameHash| match draft.package.ecosystem {
            Ecosystem::Node => modules.resolve(ground, draft.package.place, name),
            _ => known.find(draft, name),
        };
        for need in choose_alternatives(&record.needs, find) {
            if need.1 { weak.push((index, need.0)) } else { strong.push((index, need.0)) }
        }
        if draft.package.ecosystem.is_system() {
            record.needs_files.walk(
                PathId::ROOT,
                &ground.image.paths,
                |at, name| ground.step(at, name),
                |path| strong.extend(owners.owner_of(ground, path).map(|owner| (index, owner))),
            );
            let pulling = record.pulled_by.iter().find_map(|&name| known.find(draft, name));
            strong.extend(pulling.map(|pulling| (pulling, index)));
        }
    }
    add(drafts, strong);
    // An extra, or an optional peer: it explains only what nothing else does.
    weak.retain(|&(_, to)| {
        let package = &drafts[to as usize].package;
        package.needed_by.is_empty() && package.why != PackageReason::Asked
    });
    add(drafts, weak);
    for draft in drafts {
        let package = &mut draft.package;
        if package.why == PackageReason::Unknown && !package.needed_by.is_empty() {
            package.why = PackageReason::Dependency;
        }
    }
}

/// Of each group of alternatives the first that is there, with whether the need is weak.
fn choose_alternatives(needs: &[Need], find: impl Fn(NameHash) -> Option<u32>) -> Vec<(u32, bool)> {
    let groups = needs.split_inclusive(|need| !need.or_next);
    groups.filter_map(|group| group.iter().find_map(|need| Some((find(need.name)?, need.weak)))).collect()
}

fn add(drafts: &mut [PackageDraft<'_>], mut edges: Vec<(u32, u32)>) {
    edges.sort_unstable();
    edges.dedup();
    for (from, to) in edges {
        if from != to {
            drafts[from as usize].package.needs.push(to);
            drafts[to as usize].package.needed_by.push(from);
        }
    }
    for draft in drafts {
        draft.package.needs.sort_unstable();
        draft.package.needs.dedup();
        draft.package.needed_by.sort_unstable();
        draft.package.needed_by.dedup();
    }
}
