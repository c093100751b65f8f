//! Metadata and packages that yum, dnf and zypper leave in a layer: a rule for each.

use super::cleanup::{self, Cleanup};
use super::{Context, cache_reader};
use crate::build::Run;
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::{Span, path};

super::family! {
    "dnf-cache-kept" => |cx, out| {
        let managers = &[Manager::Dnf, Manager::Microdnf];
        let folders = &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf"];
        check(cx, out, &Cache { managers, fills: fetches, empties: cleans_all, folders, clean: "clean all" });
    };
    "yum-cache-kept" => |cx, out| {
        let managers = &[Manager::Yum];
        let folders = &["/var/cache/yum", "/var/cache/dnf"];
        check(cx, out, &Cache { managers, fills: fetches, empties: cleans_all, folders, clean: "clean all" });
    };
    "zypper-cache-kept" => |cx, out| {
        let managers = &[Manager::Zypper];
        let fills = |call: &PackageCall| call.verb == Verb::Install;
        check(cx, out, &Cache { managers, fills, empties: |_| true, folders: &["/var/cache/zypp"], clean: "clean --all" });
    };
}

/// A manager's cache.
struct Cache {
    /// The package managers that use it.
    managers: &'static [Manager],
    /// Whether a call fills it.
    fills: fn(&PackageCall) -> bool,
    /// Whether a call of the same program empties it.
    empties: fn(&PackageCall) -> bool,
    /// The folders that it may be in.
    folders: &'static [&'static str],
    /// The arguments that empty it, without the program.
    clean: &'static str,
}

fn check(cx: &Context, out: &mut Findings, cache: &Cache) {
    if cx.is_for_developers_only() {
        return;
    }
    for run in cx.build().shipped_runs().filter(|run| !run.is_mounted(cache.folders)) {
        let invocations = run.invocations();
        let fills =
            |invocation: &Invocation| invocation.call_of(cache.managers).is_some_and(|call| (cache.fills)(&call));
        let Some(at) = invocations.iter().rposition(fills) else { continue };
        let Some(call) = invocations[at].package_call() else { continue };
        if empties(&run, cache, &call, &invocations[at..]) {
            continue;
        }
        let span = Span::new(call.span.start, call.verb_span.end);
        let clean = format!("{} {}", invocations[at].path.text(), cache.clean);
        let mut finding = cx
            .finding(run.place(span), format!("`{}` leaves its package metadata in the layer", call.program))
            .help(format!("add `&& {clean}` in the same RUN, or use a cache mount on {}", cache.folders[0]));
        let commands = [clean];
        let cache = cache_reader::Cache { folders: cache.folders, program: call.program };
        if let Some(addition) = cleanup::add(&run, fills, &Cleanup { commands: &commands, cache }) {
            finding = addition.edit(finding, "empty the cache in the same RUN");
        }
        out.push(finding);
    }
}

/// Whether a command after the call removes its cache.
fn empties(run: &Run, cache: &Cache, filled: &PackageCall, behind: &[Invocation]) -> bool {
    let named = |text: &str| {
        let folder = text.trim_end_matches(['*', '/']);
        text.starts_with('/')
            && cache.folders.iter().any(|cache_folder| {
                path::covers(folder, cache_folder)
                    || folder.starts_with(cache_folder)
                    || cache_folder.starts_with(folder)
            })
    };
    let removes = |invocation: &Invocation| match invocation.program {
        Some("rm" | "find") => invocation.args.iter().any(|word| word.value().is_some_and(named)),
        Some(program) if program == filled.program => {
            invocation.package_call().is_some_and(|call| call.verb == Verb::Clean && (cache.empties)(&call))
        }
        _ => false,
    };
    let trapped = |invocation: &Invocation| {
        invocation.is("trap") && invocation.args.first().is_some_and(|word| word.text().contains("clean"))
    };
    behind.iter().any(removes) || run.invocations().iter().any(trapped)
}

fn fetches(call: &PackageCall) -> bool {
    matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Update)
}

fn cleans_all(call: &PackageCall) -> bool {
    call.operands.iter().any(|word| word.is("all"))
}
