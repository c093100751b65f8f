//! Which distribution an importable module comes from.

use super::requirement::normal;
use crate::data;
use crate::manifest::locked::version_numbers;
use crate::manifest::project::{Dependency, DependencyScope, Install, Project};

/// See [`Project::installs_module`].
pub(in crate::manifest) fn installs(
    project: &Project,
    install: &Install,
    module: &str,
    with_dev: bool,
) -> Option<bool> {
    let top = module.split('.').next().unwrap_or_default();
    if data::PYTHON_MODULES.row(top).is_some_and(|row| row[1] == "-") {
        return Some(true);
    }
    if project.modules.contains(top) {
        return None;
    }
    let known = providers(module);
    let by_name = [normal(top)];
    let candidates: Vec<&str> = match known {
        Some(known) => data::words(known).collect(),
        None => by_name.iter().map(String::as_str).collect(),
    };
    let Some(locked) = &install.locked else {
        let is_installed = |dependency: &&Dependency| with_dev || dependency.scope == DependencyScope::Run;
        let mut direct = project.dependencies.iter().filter(is_installed);
        return direct.any(|dependency| candidates.contains(&dependency.name.as_str())).then_some(true);
    };
    let mut verdict = Some(false);
    for name in candidates {
        // A name that no table knows may be another distribution's module: its absence says nothing.
        let is_known = locked.packages.contains_key(name) || known.is_some();
        match locked.installs(name, with_dev) {
            Some(true) if is_known => return Some(true),
            Some(false) if is_known => {}
            _ => verdict = None,
        }
    }
    verdict
}

/// Whether a distribution is known to come as a wheel, in current versions at least.
pub fn has_wheels(distribution: &str) -> bool {
    let sources = ["psycopg2", "psycopg2cffi", "pillow-simd"];
    !sources.contains(&distribution)
        && data::PYTHON_MODULES.rows().any(|row| data::words(row[1]).any(|known| known == distribution))
}

/// Whether a version of a distribution (`None`: the current one) is known to come as a wheel for a minor version of Python 3.
pub fn comes_compiled(distribution: &str, minor: Option<usize>, version: Option<&str>) -> bool {
    let needs_compiler = data::PYTHON_SYSTEM_PACKAGES.row(distribution).is_some_and(|row| row[1] == "no");
    let first = data::PYTHON_WHEELS.row(distribution).map(|row| match minor {
        Some(minor @ 8..=14) => row[minor - 7],
        _ => row[7],
    });
    let is_late = match (first, version) {
        (Some("-"), _) => true,
        (Some(first), Some(version)) => version_numbers(version) < version_numbers(first),
        _ => false,
    };
    has_wheels(distribution) && !needs_compiler && !is_late
}

/// The distributions that bring a module, or the package that it lies in.
fn providers(module: &str) -> Option<&'static str> {
    let mut ends = module.match_indices('.').map(|(at, _)| at).chain([module.len()]);
    let row = ends.find_map(|end| data::PYTHON_MODULES.row(&module[..end]))?;
    Some(row[1]).filter(|known| *known != "-")
}
