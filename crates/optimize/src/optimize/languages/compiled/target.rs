//! Pass `cargo-target`: cargo's target folder in a cache mount, so that a source change recompiles no dependency. It
//! needs no placeholder sources, which a later build could mistake for the real ones.

use super::image_paths;
use crate::build::{Build, Stage};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::manifest::Ecosystem;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Verb};
use crate::text::{Span, path};

/// Where programs go that leave the mount.
const OUT: &str = "/usr/local/bin";

/// Mounts `target` where one RUN of a stage builds, and other stages take programs from it.
pub(in crate::optimize) fn keep(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage) && !build.ships(stage)) {
        let Some((index, folder)) = compiled(input, stage) else { continue };
        if let Some((edits, name)) = edits(input, stage, index, &folder) {
            let why = "compiled dependencies are reused; the mount is named after the package, because cargo could \
                       mistake another project's files for up to date";
            output.step(format!("keeps cargo's target folder of `{name}` in a cache mount"), why, edits);
        }
    }
}

/// The one RUN of a stage that calls cargo to compile, and the folder that it keeps things in.
fn compiled(input: &PassInput, stage: &Stage) -> Option<(usize, String)> {
    let build = input.build;
    let mut folder_run: Option<(usize, String)> = None;
    for (index, _, all) in crate::build::toolchain::runs(build, stage) {
        for invocation in all.iter().filter(|invocation| invocation.is("cargo")) {
            let Some(call) = invocation.package_call() else { continue };
            let installs = call.verb == Verb::Install && call.has(&["--path"]);
            if call.verb != Verb::Build && !installs && call.verb != Verb::Run {
                continue;
            }
            let moved = call.has(&["--target-dir", "--manifest-path"]) || call.verb_text.contains("chef");
            let is_set = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
                .iter()
                .any(|name| build.run_variable(stage, index, invocation, name).is_some());
            let folder = image_paths::folder(build, stage, index, &all, invocation)?;
            if folder_run.as_ref().is_some_and(|(at, _)| *at != index) || moved || is_set {
                return None;
            }
            folder_run = Some((index, folder));
        }
    }
    folder_run
}

fn edits(input: &PassInput, stage: &Stage, index: usize, folder: &str) -> Option<(Vec<FileEdit>, String)> {
    let build = input.build;
    let files = image_paths::copied_files(build, input.context()?, stage)?;
    let root = image_paths::origin(&files, folder)?;
    let project =
        input.projects().iter().find(|project| project.ecosystem == Ecosystem::Rust && project.root == root)?;
    if project.workspace.is_some() || input.evidence.texts.contains_key(&path::join(&root, ".cargo/config.toml")) {
        return None;
    }
    let target = path::join(folder, "target");
    let instruction = build.instruction(index);
    let mounts = input.file().mounts(instruction);
    let has = mounts.iter().filter_map(|mount| mount.target()).any(|at| image_paths::overlap(at, &target));
    let code = build.code(index)?;
    if has || code.is_exec() || is_used(build, input, stage, index, &target) {
        return None;
    }
    let name = project.name.clone().unwrap_or_else(|| path::name(&root).to_owned());
    let name = if name.is_empty() { installed(&code.script).unwrap_or_else(|| "cargo".to_owned()) } else { name };
    let (mut used_paths, mut edits) = taken_by_stages(input, stage, &target)?;
    used_paths.sort();
    used_paths.dedup();
    if !used_paths.is_empty() {
        let at = code.script.append_at()?;
        let place = code.place(input.file(), Span::at(at));
        let relative = |path: &String| path::relative(path, folder).unwrap_or(path).to_owned();
        let stays = !code.script.invocations().iter().any(|invocation| invocation.is("cd"));
        let list: Vec<String> =
            used_paths.iter().map(|path| if stays { relative(path) } else { path.clone() }).collect();
        edits.push(
            input.edit(place, format!(" \\\n    && cp {} {OUT}/", list.join(" ")).replace('\n', input.newline())),
        );
    }
    let mount = format!("--mount=type=cache,target={target},id={name}-target,sharing=locked");
    edits.push(input.insert_mounts(instruction, &[mount]));
    edits.sort_by_key(|edit| edit.span.start);
    Some((edits, name))
}

/// What other stages take from the folder, and the edits by which they take it from elsewhere; `None` where it is more
/// than programs.
fn taken_by_stages(input: &PassInput, stage: &Stage, target: &str) -> Option<(Vec<String>, Vec<FileEdit>)> {
    let build = input.build;
    let mut used_paths: Vec<String> = Vec::new();
    let mut edits = Vec::new();
    for other in build.stages() {
        for transfer in build.transfers(other) {
            if transfer.from != Some(crate::build::StageBase::Stage(stage.index)) {
                continue;
            }
            for source in &transfer.sources {
                let path = path::join("/", source.text.as_deref()?);
                if path::is_within(target, &path) {
                    return None;
                }
                if !path::is_within(&path, target) {
                    continue;
                }
                let name = path::name(&path);
                let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                if !plain || used_paths.iter().any(|known| path::name(known) == name && *known != path) {
                    return None;
                }
                edits.push(input.edit(source.span, format!("{OUT}/{name}")));
                used_paths.push(path);
            }
        }
    }
    Some((used_paths, edits))
}

/// The folder of the package that a script installs or builds.
fn installed(script: &crate::shell::Script) -> Option<String> {
    let invocations = script.invocations();
    let call = invocations.iter().find(|invocation| invocation.is("cargo"))?.package_call()?;
    let path = call.flag(&["--path", "--package", "-p", "--bin"])?.value?.text;
    Some(path::name(path)).filter(|name| !matches!(*name, "" | ".")).map(str::to_owned)
}

/// Whether another instruction of the stage reads the folder, or one brings it.
fn is_used(build: &Build, input: &PassInput, stage: &Stage, index: usize, target: &str) -> bool {
    let reads = |invocation: &Invocation| {
        invocation.args.iter().any(|word| word.text().contains("target/") || word.text() == "target")
    };
    build.instructions(stage).filter(|(at, _)| *at != index).any(|(at, instruction)| match instruction.keyword {
        Keyword::Run => build.code(at).is_none_or(|code| code.script.invocations().iter().any(reads)),
        Keyword::Copy | Keyword::Add => {
            let text = input.source().slice(instruction.span);
            text.contains(target) || text.contains("target/")
        }
        _ => false,
    })
}
