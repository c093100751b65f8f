//! Files that are checked again and again: what `lsp` and `--watch` share with `lint` and `audit`.

use std::path::{Path, PathBuf};

use super::pipelines::gather_pipelines;
use crate::audit::{InputAudit, ReadContexts};
use crate::editor::{Analysis, DocumentKind, EditorText};
use crate::fix::{Change, FixLevel};
use crate::inputs::{Inputs, Needs};
use crate::load::{
    DOCKERFILE_LIMIT, FactSelection, GatherRequest, PipelineSelection, absolute_path, folder_of, gather, gather_texts,
    is_pipeline_file, read_source, source_of_text, with_contexts,
};
use crate::rules::Policies;
use crate::settings::{CommandLinePolicy, RuleBase};
use crate::text::Source;

/// A Dockerfile that has no findings: settings and ignore files are checked with one.
const PLAIN: &str = "FROM scratch\n";

/// What `lint` finds in a file with this text: the same as in one on disk.
pub(super) fn lint_document(document: &EditorText, path: &Path, request: &GatherRequest) -> Analysis {
    let request = &GatherRequest { wants: FactSelection::Nothing, needs: Needs::NONE, ..request.clone() };
    let own_text = |text: &str| source_of_text(path, text, DOCKERFILE_LIMIT);
    let (texts, pipelines) = match document.kind {
        DocumentKind::Pipeline => (Vec::new(), PipelineSelection::Named(vec![path.to_owned()])),
        DocumentKind::Ignore => {
            let file = ignored_dockerfile(path);
            let source =
                read_source(&file, DOCKERFILE_LIMIT).or_else(|_| source_of_text(&file, PLAIN, DOCKERFILE_LIMIT));
            (vec![(Some(file), source)], PipelineSelection::None)
        }
        DocumentKind::Settings => {
            let file = folder_of(path).join("Dockerfile");
            let source = source_of_text(&file, PLAIN, DOCKERFILE_LIMIT);
            (vec![(Some(file), source)], PipelineSelection::None)
        }
        DocumentKind::Dockerfile | DocumentKind::Compose | DocumentKind::Bake => {
            (vec![(Some(path.to_owned()), own_text(document.text()))], PipelineSelection::None)
        }
        DocumentKind::Other => (Vec::new(), PipelineSelection::None),
    };
    let request = &GatherRequest { pipelines, ..request.clone() };
    let inputs = gather_texts(texts, request);
    analysis(inputs, request, Some(&|inputs, files| with_contexts(inputs, files, request)))
}

/// What `audit` finds in a file, with the facts of its build context, and those of the git history if they are asked for; `None`
/// where it cannot be read.
pub(super) fn audit_document(path: &Path, request: &GatherRequest, has_history: bool) -> Option<Analysis> {
    let request = GatherRequest { path: path.to_owned(), wants: FactSelection::Columns, ..request.clone() };
    let mut inputs = gather(&request).ok()?;
    if has_history {
        super::cache::history::add_step_histories(&mut inputs);
        crate::load::add_changes(&mut inputs);
    }
    Some(analysis(inputs, &request, None))
}

/// What `fix` makes of a file alone; nothing where it cannot be read.
pub(super) fn fix_document(path: &Path, request: &GatherRequest) -> Vec<Change> {
    let request = GatherRequest { wants: FactSelection::Rules, path: path.to_owned(), ..request.clone() };
    let paths = [path.to_owned()];
    let inputs = if is_pipeline_file(path) { gather_pipelines(&paths, &request).ok() } else { gather(&request).ok() };
    let Some(inputs) = inputs.filter(|inputs| !inputs.unsettled) else { return Vec::new() };
    let (policies, _) = Policies::read(&inputs, &request.line);
    let file = std::path::absolute(path).unwrap_or_default();
    let is_it = |change: &Change| std::path::absolute(&change.name).is_ok_and(|name| name == file);
    crate::audit::fix(&inputs, &policies, FixLevel::Safe).changes.into_iter().filter(is_it).collect()
}

/// What `lint` says of inputs, with what reads the contexts behind findings, or `audit` without it. Under settings that cannot be
/// read only that is said.
fn analysis(inputs: Inputs, request: &GatherRequest, contexts: Option<&ReadContexts>) -> Analysis {
    let base = if contexts.is_some() { RuleBase::Default } else { RuleBase::Audit };
    let (policies, _) = Policies::read(&inputs, &CommandLinePolicy { base, ..request.line.clone() });
    let audit = InputAudit::new(&inputs);
    let report = if inputs.unsettled {
        audit.problems(&policies)
    } else if contexts.is_some() {
        audit.lint_confirmed(&policies, contexts)
    } else {
        audit.audit(&policies)
    };
    let mask = audit.into_mask();
    Analysis { policies, report, mask, inputs }
}

/// The Dockerfile that an ignore file is for: `NAME` of `NAME.dockerignore`, else the one beside it.
fn ignored_dockerfile(ignore: &Path) -> PathBuf {
    let name = ignore.file_name().unwrap_or_default().to_string_lossy();
    match name.strip_suffix(".dockerignore") {
        Some(file) if !file.is_empty() => folder_of(ignore).join(file),
        _ => folder_of(ignore).join("Dockerfile"),
    }
}

/// What an analysis calls a file; the path as it is where it knows none.
pub(super) fn name_in(analysis: &Analysis, top: &Path, path: &Path) -> String {
    let below = path.strip_prefix(top).unwrap_or(path);
    name_of_source(analysis, top, path).unwrap_or_else(|| below.to_string_lossy().into_owned())
}

/// What an analysis calls a file that it read.
pub(super) fn name_of_source(analysis: &Analysis, top: &Path, path: &Path) -> Option<String> {
    let file = absolute_path(top, path);
    let is_it = |source: &&Source| absolute_path(top, Path::new(source.name())) == file;
    analysis.report.sources.iter().find(is_it).map(|source| source.name().to_owned())
}
