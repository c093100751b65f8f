//! Packages of a distribution that are installed without a version: shared by the rules on pinning.

use std::cell::LazyCell;

use super::runs::Run;
use super::{Context, runs};
use crate::build::Lookup;
use crate::finding::Findings;
use crate::shell::{Package, PackageCall};
use crate::text::Span;

/// What a rule looks for.
pub(super) struct Pinning {
    /// Whether a call installs packages by name.
    pub(super) installs: fn(&PackageCall) -> bool,
    /// Whether a package as written has a version.
    pub(super) is_pinned: fn(&Run, &PackageCall, &Package) -> bool,
    /// Whether the words of a variable's value have versions.
    pub(super) is_pinned_text: fn(&str) -> bool,
    /// How a version is asked for.
    pub(super) help: &'static str,
}

/// Packages that a message names.
const NAMED: usize = 3;

pub(super) fn check(cx: &Context, out: &mut Findings, pinning: &Pinning) {
    // Every day of a snapshot has one version of each package.
    let snapshots = LazyCell::new(|| {
        runs::Mentions::of(cx.build(), |_, text| {
            text.contains("snapshot.debian.org") || text.contains("snapshot.ubuntu.com")
        })
    });
    for run in runs::all(cx) {
        for one in run.invocations() {
            let Some(call) = one.package_call().filter(|call| (pinning.installs)(call)) else { continue };
            let open: Vec<&Package> =
                call.packages.iter().filter(|package| is_open(&run, &call, package, pinning)).collect();
            let from_input = call.packages.is_empty() && one.is_via("xargs");
            let span = match (open.first(), from_input) {
                (Some(first), _) => first.span,
                (None, true) => Span::new(call.span.start, call.verb_span.end),
                (None, false) => continue,
            };
            if snapshots.reach(&run) {
                break;
            }
            let what = if from_input { "the packages are".to_owned() } else { named(&open) };
            out.push(cx.finding(run.place(span), format!("{what} installed in any version")).help(pinning.help));
        }
    }
}

fn is_open(run: &Run, call: &PackageCall, package: &Package, pinning: &Pinning) -> bool {
    if package.absent || (pinning.is_pinned)(run, call, package) {
        return false;
    }
    let value = run.value_of(package.name.text, package.span.start).filter(|_| package.version.is_none());
    match value {
        Some(value) => !value.split_whitespace().all(pinning.is_pinned_text),
        None => true,
    }
}

/// A name; of a command that yields names no more than that.
fn shown(name: &str) -> String {
    format!("`{}`", name.replace("$()", "$(…)"))
}

fn named(open: &[&Package]) -> String {
    let names: Vec<String> = open.iter().take(NAMED).map(|package| shown(package.name.text)).collect();
    match open.len() {
        1 => format!("{} is", names[0]),
        len if len > NAMED => format!("{} and {} more are", names.join(", "), len - NAMED),
        _ => format!("{} are", names.join(", ")),
    }
}

/// Whether a part behind a hyphen is a version of rpm: starts with a digit, or is a variable of the file.
fn has_rpm_version(run: &Run, text: &str, at: u32) -> bool {
    text.split('-').skip(1).any(|part| {
        let variable = part.strip_prefix('$').map(|rest| rest.trim_start_matches('{'));
        let name = variable.map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end]
        });
        match name {
            Some(name) => is_defined(run, name, at),
            None => part.starts_with(|first: char| first.is_ascii_digit()),
        }
    })
}

fn is_defined(run: &Run, name: &str, at: u32) -> bool {
    let scopes = run.build.scopes();
    run.assigned(name, at).is_some()
        || matches!(scopes.lookup_run(run.stage.index, name, run.index), Lookup::Defined(_))
        || matches!(scopes.lookup_global(name), Lookup::Defined(_))
}

/// Whether a package of yum or dnf has a version, or a module its stream.
pub(super) fn is_rpm_pinned(run: &Run, call: &PackageCall, package: &Package) -> bool {
    let text = package
        .version
        .as_ref()
        .map_or(package.name.text.to_owned(), |version| format!("{}-{}", package.name.text, version.value.text));
    if call.verb_text == "module install" {
        return text.contains(':');
    }
    has_rpm_version(run, &text, package.span.start)
}
