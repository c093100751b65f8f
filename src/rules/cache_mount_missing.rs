//! See `rules/cache-mount-missing.md`.

mod edits;

use std::cell::OnceCell;

use super::kept_cache::is_mounted;
use super::{Context, lists_needed};
use crate::build::{Build, Run, Stage, installed};
use crate::finding::{Findings, Impact};
use crate::shell::{Invocation, Manager, PackageCall, Verb};

super::rule!("cache-mount-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let needs = OnceCell::new();
    for Run { build, stage, index, code, .. } in cx.build().ordinary_runs() {
        let need = || needs.get_or_init(|| lists_needed::needs(build))[index];
        let invocations = code.script.invocations();
        let mut wanted: Vec<(&Invocation, PackageCall, Vec<String>)> = Vec::new();
        for invocation in &invocations {
            let Some(call) = invocation.package_call().filter(downloads) else { continue };
            let mut caches = build.package_caches(stage, index, invocation, &call);
            if call.manager == Manager::Go && !reads_modules(build, (stage, index), invocation, &call) {
                caches.retain(|cache| cache.part != "modules");
            }
            let folders: Option<Vec<String>> = caches.iter().map(|cache| cache.folder.clone()).collect();
            let Some(folders) = folders.filter(|folders| !folders.is_empty()) else { continue };
            if !is_mounted(build, (stage, index), &caches) {
                wanted.push((invocation, call, folders));
            }
        }
        let Some((_, first, _)) = wanted.first() else { continue };
        let span = code.place(&build.input().file, first.span);
        let message = format!("`{}` downloads everything again each time this step runs", first.title());
        let impact = Impact::slower_rebuild("no cache mount covers the download folder of the program");
        let finding = cx.finding(span, message).costs(impact).help(help(&wanted));
        let mut finding = finding;
        finding.fixes.extend(edits::fix(cx, (stage, index), code, &wanted, need));
        let before = wanted.len();
        wanted.retain(|(_, call, _)| call.manager != Manager::Apt);
        if !wanted.is_empty() && wanted.len() < before {
            finding.fixes.extend(edits::fix(cx, (stage, index), code, &wanted, need));
        }
        out.push(finding);
    }
}

fn help(wanted: &[(&Invocation, PackageCall, Vec<String>)]) -> String {
    let mut folders: Vec<String> =
        wanted.iter().flat_map(|(.., folders)| folders).map(|folder| format!("`{folder}`")).collect();
    folders.dedup();
    format!("keep {} in a cache mount", folders.join(" and "))
}

/// Whether Go downloads modules: not if modules are switched off or vendored, or if the project has no dependencies.
fn reads_modules(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    let variable = build.run_variable(place.0, place.1, invocation, "GO111MODULE");
    if variable.is_some_and(|value| value.text().is_some_and(|text| text == "off")) || call.has(&["-mod=vendor"]) {
        return false;
    }
    let project = installed::of(build, place, invocation, call);
    project.is_none_or(|project| {
        let vendored =
            project.project.installs.iter().any(|way| way.folders.iter().any(|folder| folder.ends_with("vendor")));
        !vendored && !project.project.dependencies.is_empty()
    })
}

/// Whether a call downloads dependencies of a manifest or system packages into a cache that a mount can hold.
fn downloads(call: &PackageCall) -> bool {
    let asks = call.has(&["--help", "--version", "--dry-run", "--offline", "--no-index"]);
    let fetches = matches!(call.verb, Verb::Install | Verb::Download);
    !asks
        && match call.manager {
            Manager::Apt => call.verb == Verb::Install,
            Manager::Pip
            | Manager::Uv
            | Manager::Poetry
            | Manager::Pipenv
            | Manager::Bundle
            | Manager::Npm
            | Manager::Yarn
            | Manager::Pnpm
            | Manager::Bun
            | Manager::Composer => fetches && call.is_from_manifest() && call.verb_text != "venv",
            Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle => {
                (fetches || call.verb == Verb::Build) && call.is_from_manifest() && call.verb_text != "vet"
            }
            // Each build reads the restored packages again.
            Manager::Dotnet => {
                (fetches && call.is_from_manifest()) || matches!(&*call.verb_text, "build" | "publish" | "pack")
            }
            _ => false,
        }
}
