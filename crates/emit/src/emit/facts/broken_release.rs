//! Releases of packages that nothing keeps out of an image, and with which its program does not start.

use std::collections::BTreeMap;

use super::application::Application;
use crate::data;
use crate::manifest::{Ecosystem, admits};

/// The programs of Python for which a release is wrong today that no manifest keeps out, as notes.
pub(in crate::emit) fn broken_releases(applications: &[Application]) -> Vec<String> {
    let mut notes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for application in applications {
        for row in data::PYTHON_BREAKS.rows() {
            if let Some(text) = broken_release(application, row) {
                notes.entry(text).or_default().push(&application.name);
            }
        }
    }
    notes.into_iter().map(|(text, names)| format!("{}: {text}", names.join(", "))).collect()
}

/// What fails of a program with a release of the table.
fn broken_release(application: &Application, row: data::Row) -> Option<String> {
    let &[package, release, by, beside, unless, effect, remedy, ..] = row else { return None };
    let has = |name: &str| application.has_package(Ecosystem::Python, name);
    let cause = if has(package) { None } else { Some(data::words(by).find(|name| has(name))?) };
    if is_locked(application, package) || is_kept_below(application, package, release) {
        return None;
    }
    let other = data::words(beside).find_map(|text| {
        let (name, kept_below) = text.split_once('<').unwrap_or((text, ""));
        let is_one = has(name) && (kept_below.is_empty() || is_kept_below(application, name, kept_below));
        is_one.then_some(name)
    })?;
    if data::words(unless).any(|known| is_there(application, known)) {
        return None;
    }
    let brought = cause.map(|cause| format!(", which `{cause}` brings,")).unwrap_or_default();
    Some(format!(
        "nothing keeps `{package}`{brought} below {release}, from where on {effect} (it has `{other}`): install `{remedy}` too"
    ))
}

/// Whether a lock file says which release of a package it is.
fn is_locked(application: &Application, package: &str) -> bool {
    let installs = application.projects().flat_map(|project| &project.installs);
    installs.filter_map(|install| install.locked.as_ref()).any(|locked| locked.packages.contains_key(package))
}

/// Whether what asks for a package keeps it below a release.
fn is_kept_below(application: &Application, package: &str, release: &str) -> bool {
    let of_projects = application.projects().flat_map(|project| &project.dependencies);
    let of_projects =
        of_projects.filter(|known| known.name == package).filter_map(|known| known.requirement.as_deref());
    let named = application.named_packages.requirement(Ecosystem::Python, package);
    of_projects.chain(named).any(|specifier| !admits(specifier, release))
}

/// Whether it has a package, or asks for an extra of one: `sqlalchemy[asyncio]`.
fn is_there(application: &Application, known: &str) -> bool {
    match known.split_once('[') {
        None => application.has_package(Ecosystem::Python, known),
        Some((package, extra)) => {
            let known_extra = (package.to_owned(), extra.trim_end_matches(']').to_owned());
            application.projects().any(|project| project.extras.contains(&known_extra))
        }
    }
}
