//! Packages of a distribution that are installed without a version: a rule for each package manager.

use super::mentions::Mentions;
use std::cell::LazyCell;

use super::Context;
use crate::build::{Lookup, Run};
use crate::finding::Findings;
use crate::shell::{Manager, Package, PackageCall, PackageSource};
use crate::text::Span;

super::family! {
    "apk-unpinned" => |cx, out| check(cx, out, &Pinning {
        installs: |call| call.manager == Manager::Apk && call.verb_text == "add",
        is_pinned: |_, _, package| package.version.is_some() || package.source == PackageSource::Path,
        is_pinned_text: |text| text.contains(['=', '<', '>', '~']) || text.starts_with('-'),
        help: "use `name=version` or `name~version`; since Alpine removes old versions, the digest of the base image may be better",
    });
    "apt-unpinned" => |cx, out| check(cx, out, &Pinning {
        installs: |call| call.manager == Manager::Apt && call.verb_text == "install",
        is_pinned: |_, _, package| {
            // `name/release` names a release, whose versions change.
            let version = package.version.as_ref().is_some_and(|version| version.operator != "/");
            version || matches!(package.source, PackageSource::Path | PackageSource::Url)
        },
        is_pinned_text: |text| text.contains('=') || text.starts_with('-'),
        help: "use `name=version`; since Debian removes old versions, a dated snapshot or the digest of the base image may be better",
    });
    "dnf-unpinned" => |cx, out| {
        check_rpm(cx, out, |call| matches!(call.manager, Manager::Dnf | Manager::Microdnf) && installs_rpm(call));
    };
    "yum-unpinned" => |cx, out| {
        check_rpm(cx, out, |call| call.manager == Manager::Yum && installs_rpm(call));
    };
    "zypper-unpinned" => |cx, out| check(cx, out, &Pinning {
        installs: |call| call.manager == Manager::Zypper && matches!(&*call.verb_text, "install" | "in"),
        is_pinned: |_, _, package| {
            package.version.is_some() || matches!(package.source, PackageSource::Path | PackageSource::Url)
        },
        is_pinned_text: |text| text.contains(['=', '<', '>']),
        help: "`name=version`",
    });
}

/// What a rule looks for.
struct Pinning {
    /// Whether a call installs packages by name.
    installs: fn(&PackageCall) -> bool,
    /// Whether a package as written has a version.
    is_pinned: fn(&Run, &PackageCall, &Package) -> bool,
    /// Whether the words of a variable's value have versions.
    is_pinned_text: fn(&str) -> bool,
    /// How to set a version.
    help: &'static str,
}

/// The number of packages that a message names.
const NAMED: usize = 3;

fn installs_rpm(call: &PackageCall) -> bool {
    matches!(&*call.verb_text, "install" | "in" | "module install")
}

fn check_rpm(cx: &Context, out: &mut Findings, installs: fn(&PackageCall) -> bool) {
    let is_pinned_text =
        |text: &str| text.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    check(cx, out, &Pinning { installs, is_pinned: is_rpm_pinned, is_pinned_text, help: "`name-version`" });
}

fn check(cx: &Context, out: &mut Findings, pinning: &Pinning) {
    // A dated snapshot has exactly one version of each package.
    let snapshots = LazyCell::new(|| {
        Mentions::of(cx.build(), |_, text| text.contains("snapshot.debian.org") || text.contains("snapshot.ubuntu.com"))
    });
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| (pinning.installs)(call)) else { continue };
            let open: Vec<&Package> =
                call.packages.iter().filter(|package| is_open(&run, &call, package, pinning)).collect();
            let from_input = call.packages.is_empty() && invocation.is_via("xargs");
            let span = match (open.first(), from_input) {
                (Some(first), _) => first.span,
                (None, true) => Span::new(call.span.start, call.verb_span.end),
                (None, false) => continue,
            };
            if snapshots.mentioned_until(&run) {
                break;
            }
            let what = if from_input { "the packages are".to_owned() } else { join_names(&open) };
            out.push(cx.finding(run.place(span), format!("{what} installed without a version")).help(pinning.help));
        }
    }
}

fn is_open(run: &Run, call: &PackageCall, package: &Package, pinning: &Pinning) -> bool {
    if package.absent || (pinning.is_pinned)(run, call, package) {
        return false;
    }
    let value = if package.version.is_none() { run.value_of(package.name.text, package.span.start) } else { None };
    match value {
        Some(value) => !value.split_whitespace().all(pinning.is_pinned_text),
        None => true,
    }
}

/// A name; for a command that prints names, only that it is one.
fn display_name(name: &str) -> String {
    format!("`{}`", name.replace("$()", "$(…)"))
}

fn join_names(open: &[&Package]) -> String {
    let names: Vec<String> = open.iter().take(NAMED).map(|package| display_name(package.name.text)).collect();
    match open.len() {
        1 => format!("{} is", names[0]),
        len if len > NAMED => format!("{} and {} more are", names.join(", "), len - NAMED),
        _ => format!("{} are", names.join(", ")),
    }
}

/// Whether the part after a hyphen is an rpm version: it starts with a digit, or is a variable of the file.
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

/// Whether a package of yum or dnf has a version, or a module has a stream.
fn is_rpm_pinned(run: &Run, call: &PackageCall, package: &Package) -> bool {
    if matches!(package.source, PackageSource::Path | PackageSource::Url) {
        return true;
    }
    let text = package
        .version
        .as_ref()
        .map_or(package.name.text.to_owned(), |version| format!("{}-{}", package.name.text, version.value.text));
    if call.verb_text == "module install" {
        return text.contains(':');
    }
    has_rpm_version(run, &text, package.span.start)
}
