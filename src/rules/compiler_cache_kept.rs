//! See `rules/compiler-cache-kept.md`.

use super::Context;
use super::kept_cache;
use crate::build::{Build, DownloadSize, PackageCache, Stage, toolchain};
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Impact, ImpactKind};
use crate::shell::{Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("compiler-cache-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    let Some(target) = build.target().filter(|target| !starts_tool(build, target)) else { return };
    let mut found: Vec<(Span, String, Vec<PackageCache>)> = Vec::new();
    let mut sizes: Vec<DownloadSize> = Vec::new();
    let mut stages: Vec<&Stage> = build.chain(target).collect();
    stages.reverse();
    for stage in stages {
        for (index, _) in build.instructions(stage) {
            let Some(code) =
                build.code(index).filter(|code| code.is_ordinary() && build.effective(index).keyword == Keyword::Run)
            else {
                continue;
            };
            let invocations = code.script.invocations();
            // A project's own program belongs into a stage of its own: that is another rule's word.
            if invocations.iter().any(|one| toolchain::compiles(one).is_some()) {
                return;
            }
            for (at, invocation) in invocations.iter().enumerate() {
                let Some(call) = invocation.package_call().filter(fills) else { continue };
                let place = (stage, index);
                let folders = build.package_caches(stage, index, invocation, &call);
                let cleaned = kept_cache::is_cleaned(build, place, &invocations[at + 1..], &call, &folders);
                if !cleaned && !kept_cache::is_mounted(build, place, &folders) {
                    sizes.extend(DownloadSize::of(build, place, invocation, &call));
                    found.push((code.place(&build.input().file, call.span), call.title(), folders));
                }
            }
        }
    }
    let Some((span, title, folders)) = found.first() else { return };
    let folders: Vec<String> =
        folders.iter().filter_map(|cache| cache.folder.as_deref()).map(|folder| format!("`{folder}`")).collect();
    let place = if folders.is_empty() { String::new() } else { format!(" ({})", folders.join(", ")) };
    let message = format!("what `{title}` downloads and caches is in the image{place}");
    // What is compiled of them comes on top.
    let impact = match sizes.into_iter().max_by_key(|size| size.disk_bytes) {
        Some(size) => Impact::typical(ImpactKind::DiskBytes, size.archive_bytes + size.disk_bytes, size.evidence),
        None => Impact::unknown(ImpactKind::DiskBytes, "the folder is part of a layer that ships"),
    };
    let mut finding = cx.finding(*span, message).costs(impact);
    for (span, ..) in &found[1..] {
        finding = finding.label(*span, "this adds to it");
    }
    out.push(finding.help("build in a stage of its own and copy what it made, or keep the folders in cache mounts"));
}

fn fills(call: &PackageCall) -> bool {
    let builds = matches!(call.verb, Verb::Install | Verb::Build | Verb::Download);
    let only_asks = call.has(&["--help", "-h", "--version", "-version"]);
    is_tool(call.manager) && builds && !only_asks && call.verb_text != "vet"
}

const fn is_tool(manager: Manager) -> bool {
    matches!(manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle)
}

/// Whether the container runs the tool itself, or a shell for people: an image for developers.
fn starts_tool(build: &Build, target: &Stage) -> bool {
    let starts = [Keyword::Cmd, Keyword::Entrypoint].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut any = false;
    for (index, _) in starts {
        any = true;
        let Some(code) = build.code(index).filter(|code| code.is_ordinary()) else { return true };
        for invocation in code.script.invocations() {
            let shell = invocation.program.is_none() || toolchain::is_idle(&invocation);
            if shell || invocation.package_call().is_some_and(|call| is_tool(call.manager)) {
                return true;
            }
        }
    }
    !any
}
