//! See `rules/compiler-cache-kept.md`.

use super::Context;
use super::kept_cache;
use crate::build::{Build, DownloadSize, PackageCache, Stage, toolchain};
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Impact, ImpactKind};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word, parse};
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
    let mut calls: Vec<(Span, String, Vec<PackageCache>)> = Vec::new();
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
            // The image compiles the project itself; another rule reports that.
            if invocations.iter().any(|invocation| toolchain::compiles(invocation).is_some()) {
                return;
            }
            for (at, invocation) in invocations.iter().enumerate() {
                let Some(call) = invocation.package_call().filter(fills) else { continue };
                let place = (stage, index);
                let folders = build.package_caches(stage, index, invocation, &call);
                let cleaned = kept_cache::is_cleaned(build, place, &invocations[at + 1..], &call, &folders);
                if !cleaned && !kept_cache::is_mounted(build, place, &folders) {
                    sizes.extend(DownloadSize::of(build, place, invocation, &call));
                    calls.push((code.place(&build.input().file, call.span), call.title(), folders));
                }
            }
        }
    }
    let Some((span, title, folders)) = calls.first() else { return };
    let folders: Vec<String> =
        folders.iter().filter_map(|cache| cache.folder.as_deref()).map(|folder| format!("`{folder}`")).collect();
    let place = if folders.is_empty() { String::new() } else { format!(" ({})", folders.join(", ")) };
    let message = format!("the downloads and build cache of `{title}` stay in the image{place}");
    // Compiled objects are not included.
    let impact = match sizes.into_iter().max_by_key(|size| size.disk_bytes) {
        Some(size) => Impact::typical(ImpactKind::DiskBytes, size.archive_bytes + size.disk_bytes, size.evidence),
        None => Impact::unknown(ImpactKind::DiskBytes, "the folder is in a layer of the final image"),
    };
    let mut finding = cx.finding(*span, message).costs(impact);
    for (span, ..) in &calls[1..] {
        finding = finding.label(*span, "this adds to it");
    }
    out.push(finding.help("build in a separate stage and copy the result, or keep the folders in cache mounts"));
}

fn fills(call: &PackageCall) -> bool {
    let builds = matches!(call.verb, Verb::Install | Verb::Build | Verb::Download);
    let only_asks = call.has(&["--help", "-h", "--version", "-version"]);
    is_tool(call.manager) && builds && !only_asks && call.verb_text != "vet"
}

const fn is_tool(manager: Manager) -> bool {
    matches!(manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle)
}

/// Whether the container runs the tool itself or an interactive shell, so that the image is meant for developers.
fn starts_tool(build: &Build, target: &Stage) -> bool {
    let starts = [Keyword::Cmd, Keyword::Entrypoint].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut any = false;
    for (index, _) in starts {
        any = true;
        let Some(code) = build.code(index).filter(|code| code.is_ordinary()) else { return true };
        if code
            .script
            .invocations()
            .iter()
            .any(|invocation| invocation.program.is_none() || toolchain::is_idle(invocation) || is_build(invocation))
        {
            return true;
        }
    }
    let scripts = build.start_scripts(target);
    !any || scripts.iter().any(|(_, script)| script.invocations().iter().any(is_build))
}

/// Whether a program compiles when it is run: the tool itself, or one that runs it after each change (`air`,
/// `nodemon --exec "go run ."`).
fn is_build(invocation: &Invocation) -> bool {
    let is_call = |invocation: &Invocation| invocation.package_call().is_some_and(|call| is_tool(call.manager));
    let is_nested =
        || invocation.args.iter().filter_map(Word::value).any(|text| parse(text).invocations().iter().any(is_call));
    let watches = |program: &str| Program::of(program).is(Kind::BuildTool) || Program::of(program).is(Kind::Runtime);
    is_call(invocation)
        || invocation.program.is_some_and(|program| Program::of(program).is(Kind::BuildTool))
        || invocation.program.is_some_and(watches) && is_nested()
}
