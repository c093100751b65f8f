//! Cache mounts for .NET and Gradle, whose images store downloads in folders of their own.

use std::collections::BTreeSet;

use super::image_paths::overlap;
use crate::build::{Reference, Run, Stage, StageBase, User};
use crate::dockerfile::Keyword;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Manager, PackageCall, Verb};

/// Mounts for each RUN that calls a build tool.
pub(in crate::optimize) fn mount(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let mut edits = Vec::new();
    let mut tools = BTreeSet::new();
    for run in build.needed_runs().filter(|run| !run.is_trigger()) {
        let mounts = input.file().mounts(run.instruction);
        let has = |folder: &str| mounts.iter().filter_map(|mount| mount.target()).any(|known| overlap(known, folder));
        let mut missing = Vec::new();
        for (folder, manager) in cache_folders(input, &run).into_iter().filter(|(folder, _)| !has(folder)) {
            let (tool, sharing) =
                if manager == Manager::Gradle { ("`gradle`", ",sharing=locked") } else { ("`dotnet`", "") };
            tools.insert(tool);
            missing.push(format!("--mount=type=cache,target={folder}{sharing}"));
        }
        if !missing.is_empty() {
            edits.push(input.insert_mounts(run.instruction, &missing));
        }
    }
    if !edits.is_empty() {
        let tools = tools.into_iter().collect::<Vec<_>>().join(" and ");
        let why = "a source change downloads nothing again";
        output.step(format!("keeps the downloads of {tools} in cache mounts"), why, edits);
    }
}

/// The folders that a RUN's build tools keep things in.
fn cache_folders(input: &PassInput, run: &Run) -> Vec<(String, Manager)> {
    let Run { build, stage, index, instruction, code } = *run;
    let root = matches!(build.user_at(stage, index).value(), None | Some(User::Root | User::StepsDown));
    let mut mounts: Vec<(String, Manager)> = Vec::new();
    if !root || code.is_exec() || !instruction.heredocs.is_empty() {
        return mounts;
    }
    for invocation in run.invocations() {
        let Some(call) = invocation.package_call().filter(|call| fetches(call)) else { continue };
        if is_kept(input, stage, &call) {
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
            if !mounts.iter().any(|(known, _)| *known == folder) && !is_read(input, &folder) {
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
fn is_kept(input: &PassInput, stage: &Stage, call: &PackageCall) -> bool {
    let build = input.build;
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
fn is_read(input: &PassInput, folder: &str) -> bool {
    input.file().instructions().iter().any(|instruction| {
        let names = matches!(instruction.keyword, Keyword::Copy | Keyword::Add | Keyword::Run | Keyword::Volume);
        let text = match instruction.keyword {
            Keyword::Run => input.file().str(instruction.rest),
            _ => input.source().slice(instruction.span),
        };
        names && text.contains(folder)
    })
}
