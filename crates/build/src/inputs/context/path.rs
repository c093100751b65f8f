//! Paths of a context: as a source names them, and as a walk meets them.

use crate::inputs::context::entry::{ContextEntryKind, EntryId};
use crate::inputs::context::tree::BuildContext;
use crate::text::path;

/// The path from the root, without slash at either end; nothing climbs above the root.
pub(crate) fn relative(source: &str) -> String {
    path::join("/", source)[1..].to_owned()
}

/// Paths from the directory whose descendants are walked, built step by step.
pub(crate) struct RelativePath<'c> {
    context: &'c BuildContext,
    text: String,
    /// Open directories with the length of their path and its slash.
    open: Vec<(EntryId, usize)>,
}

impl<'c> RelativePath<'c> {
    pub(crate) fn new(context: &'c BuildContext) -> Self {
        Self { context, text: String::new(), open: Vec::new() }
    }

    /// The path of the next entry of the walk.
    pub(crate) fn to(&mut self, id: EntryId) -> &str {
        while self.open.last().is_some_and(|(above, _)| !self.context.is_below(id, *above)) {
            self.open.pop();
        }
        self.text.truncate(self.open.last().map_or(0, |(_, len)| *len));
        let entry = self.context.entry(id);
        self.text.push_str(entry.name);
        if entry.kind != ContextEntryKind::Directory {
            return &self.text;
        }
        self.text.push('/');
        self.open.push((id, self.text.len()));
        &self.text[..self.text.len() - 1]
    }
}
