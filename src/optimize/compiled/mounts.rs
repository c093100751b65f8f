//! Cache mounts for .NET and Gradle, whose images store downloads in folders of their own.

use std::collections::BTreeSet;

use crate::build::{Reference, Stage, StageBase, User};
use crate::dockerfile::Keyword;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::path;

/// Mounts for each RUN that calls a build tool.
pub(in crate::optimize) fn mount(scene: &PassInput, turn: &mut PassOutput) {
    let build = scene.build;
    let mut edits = Vec::new();
    let mut tools = BTreeSet::new();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, instruction) in build.instructions_of(stage, Keyword::Run) {
            let folders = cache_folders(scene, stage, index);
            let has: Vec<String> =
                scene.file().mounts(instruction).iter().filter_map(|mount| mount.target().map(str::to_owned)).collect();
            let missing: Vec<(String, Manager)> =
                folders.into_iter().filter(|(folder, _)| !has.iter().any(|known| overlap(known, folder))).collect();
            if missing.is_empty() {
                continue;
            }
            tools.extend(missing.iter().map(|(_, manager)| name(*manager)));
            let mounts: Vec<String> = missing
                .iter()
                .map(|(folder, manager)| {
                    let locked = *manager == Manager::Gradle;
                    format!("--mount=type=cache,target={folder}{}", if locked { ",sharing=locked" } else { "" })
                })
                .collect();
            edits.push(scene.insert_mounts(instruction, &mounts));
        }
    }
    if !edits.is_empty() {
        let tools = tools.into_iter().map(|tool| format!("`{tool}`")).collect::<Vec<_>>().join(" and ");
        let why = "a source change downloads nothing again";
        turn.step(format!("keeps the downloads of {tools} in cache mounts"), why, edits);
    }
}

fn name(manager: Manager) -> &'static str {
    if manager == Manager::Gradle { "gradle" } else { "dotnet" }
}

/// Whether one path is the other, or lies below it.
fn overlap(a: &str, b: &str) -> bool {
    path::is_within(a, b) || path::is_within(b, a)
}

/// The folders that a RUN's build tools keep things in.
fn cache_folders(scene: &PassInput, stage: &Stage, index: usize) -> Vec<(String, Manager)> {
    let build = scene.build;
    let root = matches!(build.user_at(stage, index).value(), None | Some(User::Root | User::StepsDown));
    let Some(code) = build.code(index) else { return Vec::new() };
    if !root {
        return Vec::new();
    }
    if code.is_exec() || !build.instruction(index).heredocs.is_empty() {
        return Vec::new();
    }
    let mut mounts: Vec<(String, Manager)> = Vec::new();
    for invocation in code.script.invocations() {
        let Some(call) = invocation.package_call().filter(|call| fetches(call)) else { continue };
        if is_kept(scene, stage, &call) {
            continue;
        }
        for cache in build.package_caches(stage, index, &invocation, &call) {
            let Some(folder) = cache.folder else { continue };
            let image = match build.root_base(stage) {
                StageBase::Image(image) => Reference::of(image).short_name(),
                _ => "",
            };
            // The home of root links to that of the image's own user.
            let folder =
                if image == "gradle" && folder == "/root/.gradle" { "/home/gradle/.gradle".into() } else { folder };
            if !mounts.iter().any(|(known, _)| *known == folder) && !is_read(scene, &folder) {
                mounts.push((folder, call.manager));
            }
        }
    }
    mounts
}

/// Whether a call of a build tool may fetch or compile.
fn fetches(call: &PackageCall) -> bool {
    let tool = matches!(call.manager, Manager::Gradle | Manager::Dotnet);
    let idle = matches!(&*call.verb_text, "clean" | "tool install" | "dev-certs" | "new");
    tool && !idle && call.verb != Verb::Clean && !call.has(&["--version", "--help"])
}

/// Whether a container or a call without a network finds things where the tool keeps them.
fn is_kept(scene: &PassInput, stage: &Stage, call: &PackageCall) -> bool {
    let build = scene.build;
    let same = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|other| {
            other.manager == call.manager && !other.verb_text.is_empty() && !other.verb_text.contains('.')
        })
    };
    let launched = build.target().and_then(|target| build.launch(target));
    let ships = build.ships(stage);
    if ships && launched.is_some_and(|launch| launch.script().invocations().iter().any(same)) {
        return true;
    }
    let offline = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|other| other.manager == call.manager && other.has(&["--offline"]))
    };
    let runs = build.stages().iter().flat_map(|stage| crate::build::toolchain::runs(build, stage));
    runs.into_iter().any(|(_, _, all)| all.iter().any(offline))
}

/// Whether a line names the folder: what it holds has to be in a layer.
fn is_read(scene: &PassInput, folder: &str) -> bool {
    scene.file().instructions().iter().any(|instruction| {
        let names = matches!(instruction.keyword, Keyword::Copy | Keyword::Add | Keyword::Run | Keyword::Volume);
        let text = match instruction.keyword {
            Keyword::Run => scene.file().str(instruction.rest),
            _ => scene.source().slice(instruction.span),
        };
        names && text.contains(folder)
    })
}
