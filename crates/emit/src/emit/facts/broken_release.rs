//! Releases of packages that nothing keeps out of an image, and with which its program does not start.

use std::collections::BTreeMap;

use super::application::Application;
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, Install, Tool, admits};

/// The programs of Python for which a release is wrong today that no manifest keeps out, as notes.
pub(in crate::emit) fn broken_releases(input: &EmitInput, applications: &[Application]) -> Vec<String> {
    let mut notes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for application in applications.iter().filter(|known| is_installed_by_pip(known)) {
        for row in data::PYTHON_BREAKS.rows() {
            if let Some(text) = broken_release(input, application, row) {
                notes.entry(text).or_default().push(&application.name);
            }
        }
    }
    notes.into_iter().map(|(text, names)| format!("{}: {text}", names.join(", "))).collect()
}

/// Whether pip alone installs the packages of a program, by files without constraints.
fn is_installed_by_pip(application: &Application) -> bool {
    let projects = application.projects().filter(|project| project.ecosystem == Ecosystem::Python);
    let mut installs = projects.flat_map(|project| &project.installs);
    let is_plain = |install: &Install| {
        install.tool == Tool::Pip && !install.files.iter().any(|file| file.to_ascii_lowercase().contains("constraint"))
    };
    !application.named_packages.is_constrained && installs.all(|install| is_plain(install))
}

/// What fails of a program with a release of the table.
fn broken_release(input: &EmitInput, application: &Application, row: data::Row) -> Option<String> {
    let &[package, release, by, beside, unless, effect, remedy, ..] = row else { return None };
    let has = |name: &str| application.has_package(Ecosystem::Python, name);
    let cause = if has(package) { None } else { Some(data::words(by).find_map(|text| in_range(application, text))?) };
    if is_locked(application, package) || is_kept_below(application, package, release) {
        return None;
    }
    let other = data::words(beside).find_map(|text| in_range(application, text))?;
    if data::words(unless).any(|known| is_there(input, application, known)) {
        return None;
    }
    let brought = cause.map(|cause| format!(", which `{cause}` brings,")).unwrap_or_default();
    Some(format!(
        "nothing keeps `{package}`{brought} below {release}, from where on {effect} (it has `{other}`): install `{remedy}` too"
    ))
}

/// The package of a text where a program has it in a release of the text: `celery`, `redis<6.4`, `celery>=5.0<5.5`.
fn in_range<'t>(application: &Application, text: &'t str) -> Option<&'t str> {
    let (front, end) = text.split_once('<').unwrap_or((text, ""));
    let (name, begin) = front.split_once(">=").unwrap_or((front, ""));
    let is_in = application.has_package(Ecosystem::Python, name)
        && (begin.is_empty() || !is_kept_below(application, name, begin))
        && (end.is_empty() || is_kept_below(application, name, end));
    is_in.then_some(name)
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

/// Whether a program has what avoids a failure: a package, an extra of one (`sqlalchemy[asyncio]`), or a word of a source.
fn is_there(input: &EmitInput, application: &Application, known: &str) -> bool {
    if let Some(word) = known.strip_prefix("text:") {
        return application.code_files(input).any(|file| file.source.text().contains(word))
            || input.examples.iter().any(|example| example.value.contains(word));
    }
    let Some((package, extra)) = known.split_once('[') else {
        return application.has_package(Ecosystem::Python, known);
    };
    let known_extra = (package.to_owned(), extra.trim_end_matches(']').to_owned());
    // The extras of commands are not read.
    application.named_packages.has(Ecosystem::Python, package)
        || application.projects().any(|project| project.extras.contains(&known_extra))
}
