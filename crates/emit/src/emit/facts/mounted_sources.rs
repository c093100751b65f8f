//! Images that hold the packages of a program and not its sources: a compose file that is gone mounted them.

use crate::build::{Build, Reference, Source, Stage, StageBase, Transfer};
use crate::data;
use crate::emit::input::EmitInput;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{FileKind, is_manifest};
use crate::shell::program::Program;
use crate::shell::{Invocation, Manager, Word};
use crate::text::path;

/// The working folder of an image that starts a program and holds none of the sources that its build context has.
pub(in crate::emit) fn folder_without_sources(
    input: &EmitInput,
    build: &Build,
    stage: &Stage,
    context: &str,
) -> Option<String> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let runs_sources = data::SOURCE_IMAGES.contains(Reference::of(image).short_name());
    if !runs_sources || !names_file_of_context(build, stage) || !brings_manifests_alone(build) {
        return None;
    }
    let mut files = input.files.files.iter();
    let has_code = files.any(|file| path::is_within(&file.path, context) && FileKind::of(&file.below).has_code());
    let folder = build.workdir(stage, usize::MAX).value().cloned()?;
    (has_code && folder != "/").then_some(folder)
}

/// Whether all that a build takes from anywhere are packages and the manifests that name them: pip and the managers of Node.js
/// install them outside of the sources, or into a folder of a known name.
fn brings_manifests_alone(build: &Build) -> bool {
    let Some(context) = build.input().context.as_deref() else { return false };
    let is_manifest_alone = |transfer: &Transfer| {
        let selections: Vec<_> = transfer.select(context).into_iter().flatten().collect();
        let mut entries = selections.iter().flat_map(|selection| selection.entries.iter());
        let has_all = !selections.is_empty() && selections.iter().all(|selection| !selection.entries.is_empty());
        transfer.from.is_none()
            && has_all
            && transfer.instruction.heredocs.is_empty()
            && selections.len() == transfer.sources.len()
            && !transfer.sources.iter().any(Source::is_everything)
            && entries.all(|id| {
                context.entry(*id).kind == ContextEntryKind::File && is_manifest(&context.path(*id)).is_some()
            })
    };
    let installs_outside = |invocation: &Invocation| {
        let is_manager = |manager| matches!(manager, Manager::Pip | Manager::Npm | Manager::Yarn | Manager::Pnpm);
        match invocation.package_call() {
            Some(call) => call.manager.is_system() || is_manager(call.manager),
            None => invocation.program.is_some_and(|name| Program::of(name).writes_nothing() || name == "mkdir"),
        }
    };
    let mut runs = build.needed_runs();
    let mut transfers = build.needed_transfers().peekable();
    transfers.peek().is_some()
        && transfers.all(|(_, transfer)| is_manifest_alone(transfer))
        && build.needed_stages().all(|stage| build.bound(stage).is_empty())
        && runs.all(|run| run.invocations().iter().all(installs_outside))
}

/// Whether a command names a file at the top of the build context, or a script of its package.json.
fn names_file_of_context(build: &Build, stage: &Stage) -> bool {
    let (Some(context), Some(launch)) = (build.input().context.as_deref(), build.launch(stage)) else { return false };
    let invocations = launch.script().invocations();
    let words = invocations.iter().flat_map(|invocation| std::iter::once(invocation.path).chain(invocation.args));
    words.into_iter().map(Word::text).any(|word| {
        let module = word.split(':').next().unwrap_or_default();
        let is_manager = matches!(word, "npm" | "yarn" | "pnpm");
        is_manager && context.find("package.json").is_some()
            || !module.is_empty() && context.find(&format!("{}.py", module.replace('.', "/"))).is_some()
            || FileKind::of(word).has_code() && context.find(word.trim_start_matches("./")).is_some()
    })
}
