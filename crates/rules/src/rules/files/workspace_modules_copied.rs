//! See `rules/workspace-modules-copied.md`.

use crate::build::{Build, Stage, Transfer, installed, toolchain};
use crate::finding::Findings;
use crate::rules::Context;
use crate::rules::shared::copied_packages::{DEEPEST, stage_copies};
use crate::shell::{Invocation, Manager, Verb, Word};
use crate::text::path;

crate::rules::rule!("workspace-modules-copied", check);

const FOLDER: &str = "node_modules";

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target() else { return };
    if build.chain(target).any(|stage| !node_installs(build, stage).is_empty()) {
        return;
    }
    for copy in cx.shipped().take(DEEPEST).flat_map(|stage| stage_copies(build, stage)) {
        for source in &copy.transfer.sources {
            let Some(text) = source.text.as_deref().filter(|text| text.starts_with('/')) else { continue };
            let (member, name) = path::split(text.trim_end_matches('/'));
            if name != FOLDER || member.is_empty() {
                continue;
            }
            let Some((top, title, manager)) = workspace_install(build, copy.maker, member) else { continue };
            if is_brought(build, target, copy.maker, &path::child(&top, FOLDER)) {
                continue;
            }
            let hoisted = path::child(&top, FOLDER);
            let what = match manager {
                Manager::Pnpm => format!("`{text}` only has links into `{hoisted}`, which is not copied"),
                _ => format!(
                    "`{title}` puts the packages of a workspace into `{hoisted}`, which is not copied, and few or none into `{text}`"
                ),
            };
            let message = format!("{what}: the copy fails, or the program lacks packages");
            let help = match manager {
                Manager::Pnpm => "copy what `pnpm deploy` makes of the package".to_owned(),
                _ => format!(
                    "copy `{hoisted}` into a folder above the program, or install the package alone in the final stage"
                ),
            };
            out.push(cx.finding(source.span, message).help(help));
        }
    }
}

/// The installs of a stage from a manifest of Node: the folder, the command, and its package manager.
fn node_installs(build: &Build, stage: &Stage) -> Vec<(Option<String>, String, Manager)> {
    let mut installs = Vec::new();
    for (index, _, invocations) in toolchain::runs(build, stage) {
        for invocation in &invocations {
            let managers = [Manager::Npm, Manager::Yarn, Manager::Pnpm];
            let call =
                invocation.call_of(&managers).filter(|call| call.verb == Verb::Install && call.is_from_manifest());
            let Some(call) = call.filter(|call| !call.says("global")) else { continue };
            let folder = installed::folder(build, (stage, index), invocation, &call);
            installs.push((folder, call.title(), call.manager));
        }
    }
    installs
}

/// The install of the folder above a package of a workspace, if nothing is installed in the package itself.
fn workspace_install(build: &Build, maker: &Stage, member: &str) -> Option<(String, String, Manager)> {
    let stages: Vec<&Stage> = build.chain(maker).take(DEEPEST).collect();
    let installs: Vec<_> = stages.iter().flat_map(|stage| node_installs(build, stage)).collect();
    // A folder that is not known may be that of the package.
    let is_apart = |folder: &Option<String>| folder.as_ref().is_some_and(|folder| path::is_below(member, folder));
    if installs.is_empty() || !installs.iter().all(|(folder, ..)| is_apart(folder)) {
        return None;
    }
    let mut invocations = stages.iter().flat_map(|stage| toolchain::runs(build, stage)).flat_map(|run| run.2);
    let is_other_way = |invocation: &Invocation| {
        let names = |word: &Word| {
            let text = word.text();
            text == "deploy" || text.contains(FOLDER) || text.contains("nested") || text.contains("hoist")
        };
        invocation.args.iter().any(names)
    };
    let brings_member = |transfer: &Transfer, stage: &Stage| {
        let to = installed::destination(build, stage, transfer).map(|to| path::normalize(&to));
        let is_manifest = transfer.sources.iter().any(|source| {
            source.text.as_deref().is_some_and(|text| path::name(text).starts_with("package") && text.contains('/'))
        });
        transfer.from.is_none()
            && is_manifest
            && to.is_some_and(|to| to == member || to == path::child(member, "package.json"))
    };
    let is_member =
        stages.iter().any(|stage| build.transfers(stage).iter().any(|transfer| brings_member(transfer, stage)));
    if !is_member || invocations.any(|invocation| is_other_way(&invocation)) {
        return None;
    }
    let (folder, title, manager) = installs.into_iter().next()?;
    Some((folder?, title, manager))
}

/// Whether the final image takes the packages of the workspace, too.
fn is_brought(build: &Build, target: &Stage, maker: &Stage, hoisted: &str) -> bool {
    let copies = build.chain(target).take(DEEPEST).flat_map(|stage| stage_copies(build, stage));
    let mut sources = copies.filter(|copy| copy.maker.index == maker.index).flat_map(|copy| &copy.transfer.sources);
    sources.any(|source| {
        source.text.as_deref().is_none_or(|text| path::is_within(hoisted, text.trim_end_matches('/')) || text == "/")
    })
}
