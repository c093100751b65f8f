//! The files that a source of a step reads, where they are those of a folder: the context, a named context, or a stage
//! that is based on a named context, as far as no step of the stage wrote there.

use super::context::{ContextFiles, NamedFiles, Selector};
use super::graph::Graph;
use super::step::{PartKind, SourceOrigin, Step, StepKind, StepSource};
use crate::text::path;

/// Steps of a stage that are looked through for the last one that may have written a path.
const MAX_LOOKED: usize = 1_000;

/// What a source reads.
#[derive(Clone, Copy)]
pub(super) enum SourceFiles<'c> {
    /// A folder: its files, and its name if it is a named context.
    Folder(Option<&'c str>, &'c ContextFiles),
    /// A named context whose files are not known.
    Unknown(&'c str, &'c NamedFiles),
    /// Something else: a stage, an image, an address.
    NoFolder,
}

impl<'c> SourceFiles<'c> {
    /// Of a source of a step of this kind.
    pub(super) fn of(graph: &'c Graph, context: &'c ContextFiles, kind: StepKind, source: &'c StepSource) -> Self {
        let name = match &source.origin {
            SourceOrigin::Context => return Self::Folder(None, context),
            SourceOrigin::Named(name) => Some(name.as_str()),
            SourceOrigin::Stage { step, .. } if kind != StepKind::Link => {
                last_writer(graph, *step, &source.selector).and_then(|step| context_name(&graph.steps[step]))
            }
            SourceOrigin::Stage { .. } | SourceOrigin::Remote { .. } => None,
        };
        let named = name.and_then(|name| Some((name, context.find_context(name)?)));
        match named {
            Some((name, NamedFiles::Folder(files))) => Self::Folder(Some(name), files),
            Some((name, unknown)) => Self::Unknown(name, unknown),
            None => Self::NoFolder,
        }
    }
}

/// The named folder that a FROM is based on. The builder keeps no record of what is built on top of one: its key has the
/// number of the session.
pub(super) fn folder_below<'g>(step: &'g Step, context: &ContextFiles) -> Option<&'g str> {
    let name = context_name(step)?;
    match context.find_context(name)? {
        NamedFiles::Folder(_) | NamedFiles::UnknownFolder(_) => Some(name),
        NamedFiles::Result(_) => None,
    }
}

/// The result of another build that a FROM is based on.
pub(super) fn is_other_result(step: &Step, context: &ContextFiles) -> bool {
    matches!(context_name(step).and_then(|name| context.find_context(name)), Some(NamedFiles::Result(_)))
}

/// The image or named context of a FROM.
fn context_name(step: &Step) -> Option<&str> {
    let mut parts = step.parts.iter().filter(|part| step.kind == StepKind::From && part.kind == PartKind::Image);
    parts.next().map(|part| part.text.as_str())
}

/// The last step of a stage that may have written what a selector takes: steps above it certainly write elsewhere. `None`
/// if no step may have.
pub(super) fn last_writer(graph: &Graph, last: Option<usize>, selector: &Selector) -> Option<usize> {
    let mut next = last;
    let mut looked = 0;
    while let Some(index) = next {
        let step = &graph.steps[index];
        looked += 1;
        let is_elsewhere = looked < MAX_LOOKED
            && !selector.is_pattern
            && selector.parents.is_none()
            && step.writes.as_ref().is_some_and(|paths| paths.iter().all(|path| is_apart(path, &selector.path)));
        if !is_elsewhere {
            return Some(index);
        }
        next = step.parent;
    }
    None
}

/// Whether what is written to `written` (absolute) cannot be seen at `read` (below the root).
fn is_apart(written: &str, read: &str) -> bool {
    let written = path::normalize(written.trim_start_matches('/'));
    !written.is_empty() && !read.is_empty() && !path::is_within(&written, read) && !path::is_within(read, &written)
}
