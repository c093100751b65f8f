//! What an image is made of that is not in the repository.

use crate::build::Build;
use crate::data;
use crate::emit::input::ENVIRONMENT_FILES;
use crate::inputs::BuildInput;
use crate::inputs::context::{BuildContext, ExcludedEntry, Selector, SourceOutcome, select};
use crate::manifest::{FileRole, Role, is_manifest};
use crate::text::path;

/// A path that a build takes from its context, and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) struct MissingSource {
    /// Below the context.
    pub(in crate::emit) path: String,
    /// Whether the tools of the project write it: `target/shop.jar` beside `pom.xml`.
    pub(in crate::emit) is_output: bool,
}

/// The first path that is not there, those that nothing here writes before others; `None` where the context is not known.
pub(in crate::emit) fn missing_source(input: &BuildInput) -> Option<MissingSource> {
    let build = Build::new(input);
    let context = input.context.as_deref()?;
    let mut missing: Vec<MissingSource> = Vec::new();
    let mut add = |text: &str, outcome: &SourceOutcome| {
        if matches!(outcome, SourceOutcome::Missing(_)) {
            let path = text.trim_start_matches("./").trim_start_matches('/').to_owned();
            let is_output = is_output(input, &path);
            missing.push(MissingSource { path, is_output });
        }
    };
    for stage in build.needed_stages() {
        for transfer in build.transfers(stage) {
            for (source, selection) in transfer.sources.iter().zip(transfer.select(context)) {
                if let (Some(text), Some(selection)) = (&source.text, selection) {
                    add(text, &selection.outcome);
                }
            }
        }
        for text in build.bound(stage).into_iter().filter_map(|(_, text)| text) {
            if let Ok(selection) = select(context, &text, Selector::default()) {
                add(&text, &selection.outcome);
            }
        }
    }
    missing.sort_by_key(|known| known.is_output);
    missing.into_iter().next()
}

impl MissingSource {
    /// Whether it holds the settings of one machine, which git does not keep: `.env`.
    pub(in crate::emit) fn is_environment(&self) -> bool {
        path::name(&self.path) == ENVIRONMENT_FILES[0]
    }
}

/// Whether a path lies in a folder that the tools of a project here write.
fn is_output(input: &BuildInput, source: &str) -> bool {
    let writes =
        |name: &str| FileRole::of_folder(name) == Some(FileRole::Output) || data::FOLDER_NAMES.has(name, "compiled");
    let ends = source.match_indices('/').map(|(at, _)| at).chain([source.len()]);
    let mut parents = ends.filter(|end| writes(path::name(&source[..*end]))).map(|end| path::parent(&source[..end]));
    let projects = input.projects.as_deref().map(Vec::as_slice).unwrap_or_default();
    // What a builder is sent may lack the manifest: `.dockerignore` lets only the output through.
    let excluded = input.context.as_deref().map(BuildContext::excluded).unwrap_or_default();
    let is_excluded_manifest =
        |file: &ExcludedEntry| is_manifest(&file.path).is_some_and(|kind| kind.role == Role::Manifest);
    let manifests: Vec<&str> =
        excluded.iter().filter(|file| is_excluded_manifest(file)).map(|file| path::parent(&file.path)).collect();
    parents.any(|parent| projects.iter().any(|project| project.root == parent) || manifests.contains(&parent))
}
