//! The size of package managers' downloads from registries, by the packages that a call installs
//! (`data/package_archives.tsv`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Build, Stage, absolute, installed};
use crate::data;
use crate::manifest::{DependencyScope, Ecosystem, Install, Tool};
use crate::shell::{InputKind, Invocation, Package, PackageCall, PackageSource};

/// The size of some packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadSize {
    /// As they are downloaded.
    pub archive_bytes: u64,
    /// Unpacked.
    pub disk_bytes: u64,
    /// Where the figures come from.
    pub evidence: String,
}

/// The bytes of a package: archive, unpacked.
type Bytes = (u64, u64);

struct DownloadRow {
    bytes: Option<Bytes>,
    /// The same with all its dependencies.
    tree: Option<Bytes>,
    date: &'static str,
}

/// The row for packages without a row, per package.
const OTHERS: &str = "*";
/// The row for unknown projects.
const PROJECT: &str = "**";

static ROWS: LazyLock<HashMap<(Ecosystem, &str), DownloadRow>> =
    LazyLock::new(|| data::PACKAGE_ARCHIVES.rows().filter_map(row).collect());

fn row(cells: data::Row) -> Option<((Ecosystem, &'static str), DownloadRow)> {
    let &[ecosystem, package, archive, disk, tree_archive, tree_disk, date, _source] = cells else { return None };
    let bytes = |archive: &str, disk: &str| Some((archive.parse().ok()?, disk.parse().ok()?));
    let row = DownloadRow { bytes: bytes(archive, disk), tree: bytes(tree_archive, tree_disk), date };
    Some(((Ecosystem::of(ecosystem)?, package), row))
}

impl DownloadSize {
    /// The size of a call's downloads; a lower bound if only the names of the packages that it lists are known. `None`
    /// if it is unknown.
    pub fn of(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> Option<Self> {
        let ecosystem = Ecosystem::of_manager(call.manager)?;
        let named = call.packages.iter().filter(|package| package.source == PackageSource::Index);
        let named: Vec<_> = named.filter(|package| !package.name.dynamic).collect();
        // The table has the size of the newest version.
        let pinned = named.iter().filter(|package| is_pinned(package)).count();
        let named: Vec<&str> =
            named.iter().filter(|package| !is_pinned(package)).map(|package| package.name.text).collect();
        if !named.is_empty() || pinned > 0 {
            return of_named(ecosystem, &named, pinned);
        }
        if let Some(install) = requirements(build, place, call) {
            return of_list(build, ecosystem, install);
        }
        if !call.is_from_manifest() {
            return None;
        }
        let project = installed::of(build, place, invocation, call);
        let Some(project) = project else { return of_project(ecosystem) };
        let with_dev = !call.says("production");
        if let Some(install) = project.install.filter(|install| install.locked.is_some()) {
            return of_lock(ecosystem, install, with_dev);
        }
        let wanted = project
            .project
            .dependencies
            .iter()
            .filter(|dependency| with_dev || dependency.scope != DependencyScope::Dev);
        of_named(ecosystem, &wanted.map(|wanted| wanted.name.as_str()).collect::<Vec<_>>(), 0)
    }

    /// The size of packages whose names are all known; `None` for an unknown registry.
    pub fn sum<'n>(ecosystem: Ecosystem, names: impl Iterator<Item = &'n str>) -> Option<(u64, u64)> {
        let others = ROWS.get(&(ecosystem, OTHERS))?.bytes?;
        let bytes_of = |name: &str| ROWS.get(&(ecosystem, name)).and_then(|row| row.bytes).unwrap_or(others);
        Some(names.map(bytes_of).fold((0, 0), |sum, bytes| (sum.0 + bytes.0, sum.1 + bytes.1)))
    }

    /// The day of the table.
    pub fn date(ecosystem: Ecosystem) -> &'static str {
        ROWS.get(&(ecosystem, OTHERS)).map_or("", |row| row.date)
    }

    fn new((archive_bytes, disk_bytes): Bytes, evidence: String) -> Option<Self> {
        (disk_bytes > 0).then_some(Self { archive_bytes, disk_bytes, evidence })
    }
}

/// Whether a package is requested in a version that may be far from the newest: `pnpm@9`, `numpy==1.26.4`.
fn is_pinned(package: &Package) -> bool {
    let major = |text: &str| text.starts_with(['^', '~']) || text.starts_with(|c: char| c.is_ascii_digit());
    package.is_exact()
        || package.version.as_ref().is_some_and(|version| version.operator == "@" && major(version.value.text))
}

/// The requirements file that pip reads; `None` if it may be several.
fn requirements<'i>(build: &Build<'i>, (stage, index): (&Stage, usize), call: &PackageCall) -> Option<&'i Install> {
    let named = call.inputs.iter().find(|input| input.kind == InputKind::Requirements)?;
    let folder = installed::workdir(build, stage, index);
    let target = absolute(named.path.text, Some(&folder))?;
    let context = build.input().context.as_deref();
    let file = context.and_then(|context| build.brought_before(context, stage, index, &target)).map(|file| file.path);
    let written = named.path.text.trim_start_matches("./");
    let ends_so = |install: &Install| install.manifest == written || install.manifest.ends_with(&format!("/{written}"));
    let is_meant = |install: &Install| file.as_ref().map_or_else(|| ends_so(install), |file| install.manifest == *file);
    let installs = build.input().projects.as_deref()?.iter().flat_map(|project| &project.installs);
    let mut pip_installs = installs.filter(|install| install.tool == Tool::Pip && is_meant(install));
    let first = pip_installs.next()?;
    if pip_installs.next().is_none() { Some(&**first) } else { None }
}

/// The packages that a requirements file names, and those that it pins.
fn of_list(build: &Build, ecosystem: Ecosystem, install: &Install) -> Option<DownloadSize> {
    if install.locked.is_some() {
        return of_lock(ecosystem, install, true);
    }
    let projects = build.input().projects.as_deref()?;
    let project = projects.iter().find(|project| project.installs.iter().any(|other| **other == *install))?;
    // A project contains the packages of all its lists together.
    if project.installs.iter().filter(|install| install.tool == Tool::Pip).count() > 1 {
        return None;
    }
    of_named(ecosystem, &project.dependencies.iter().map(|dependency| dependency.name.as_str()).collect::<Vec<_>>(), 0)
}

fn of_lock(ecosystem: Ecosystem, install: &Install, with_dev: bool) -> Option<DownloadSize> {
    let locked = install.locked.as_ref()?;
    let packages = locked.packages.iter().filter(|(_, package)| with_dev || package.dev_only != Some(true));
    let packages: Vec<(&str, Option<u64>)> =
        packages.map(|(name, package)| (name.as_str(), package.archive_bytes)).collect();
    let (mut archive, disk) = DownloadSize::sum(ecosystem, packages.iter().map(|(name, _)| *name))?;
    let (count, date) = (packages.len(), DownloadSize::date(ecosystem));
    let file = install.lock.as_deref().unwrap_or(&install.manifest);
    let others: Vec<&str> = packages.iter().filter(|(_, bytes)| bytes.is_none()).map(|(name, _)| *name).collect();
    let source = if others.len() < packages.len() {
        let recorded: u64 = packages.iter().filter_map(|(_, bytes)| *bytes).sum();
        archive = recorded + DownloadSize::sum(ecosystem, others.into_iter())?.0;
        "by the sizes that it records".to_owned()
    } else {
        format!("by the registry's archives on {date}")
    };
    DownloadSize::new((archive, disk), format!("{count} packages in `{file}`, {source}"))
}

/// The size of packages of which only the written names are known: at least the largest of them with its dependencies,
/// and at least all known ones without dependencies. The evidence names exactly the packages that the figure covers.
/// `others`: further packages, whose size is not in the table.
fn of_named(ecosystem: Ecosystem, names: &[&str], others: usize) -> Option<DownloadSize> {
    let trees = names.iter().filter_map(|name| Some((*name, ROWS.get(&(ecosystem, *name))?.tree?)));
    let (first, tree) = trees.max_by_key(|(_, tree)| tree.0)?;
    let known: Vec<Bytes> = names.iter().filter_map(|name| ROWS.get(&(ecosystem, *name))?.bytes).collect();
    let known_bytes = known.iter().fold((0, 0), |sum, bytes| (sum.0 + bytes.0, sum.1 + bytes.1));
    let date = DownloadSize::date(ecosystem);
    let packages = |count: usize| if count == 1 { "another package".into() } else { format!("{count} other packages") };
    if known_bytes <= tree {
        let others = match names.len() + others - 1 {
            0 => String::new(),
            count => format!(", not counting {}", packages(count)),
        };
        return DownloadSize::new(
            tree,
            format!("`{first}` with its dependencies{others}, by the registry's archives on {date}"),
        );
    }
    let unknown = match names.len() + others - known.len() {
        0 => String::new(),
        1 => ", not counting an unknown package".to_owned(),
        count => format!(", not counting {count} unknown packages"),
    };
    let covered = format!("`{first}` and {}, without dependencies", packages(known.len() - 1));
    DownloadSize::new(known_bytes, format!("{covered}{unknown}, by the registry's archives on {date}"))
}

fn of_project(ecosystem: Ecosystem) -> Option<DownloadSize> {
    let row = ROWS.get(&(ecosystem, PROJECT))?;
    DownloadSize::new(row.tree?, format!("the median of projects with common frameworks, measured {}", row.date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_names_what_is_counted() {
        let evidence =
            |names: &[&str]| of_named(Ecosystem::Python, names, 0).map(|size| size.evidence).unwrap_or_default();
        let evidence_text =
            |names: &[&str]| evidence(names).split(", by the registry").next().unwrap_or_default().to_owned();
        assert_eq!(evidence_text(&["pandas"]), "`pandas` with its dependencies");
        assert_eq!(
            evidence_text(&["pandas", "no-such-package"]),
            "`pandas` with its dependencies, not counting another package"
        );
        assert_eq!(
            evidence_text(&["a-b", "pandas", "no-such-package"]),
            "`pandas` with its dependencies, not counting 2 other packages"
        );
        assert_eq!(evidence_text(&["no-such-package"]), "");
        let both = ["pandas", "scipy", "torch", "tensorflow"];
        assert!(!evidence_text(&both).is_empty());
        let sum = ["requests", "scipy", "pandas", "matplotlib", "scikit-learn", "no-such-package"];
        assert!(
            evidence_text(&sum)
                .contains(" and 4 other packages, without dependencies, not counting an unknown package"),
            "{}",
            evidence_text(&sum)
        );
    }
}
