//! Steps that take files of the build context: COPY, ADD, and RUN with a bind mount. Their contents and modes are part of
//! the step's cache key.

use std::sync::Arc;

use crate::build::{Build, Stage};
use crate::dockerfile::Instruction;
use crate::inputs::context::{BuildContext, EntryId, Selector, select};

/// A step and what it takes.
pub(super) struct TakingStep<'a> {
    /// The index of the instruction.
    pub(super) index: usize,
    /// The instruction.
    pub(super) instruction: &'a Instruction,
    /// The entries of the context, by source.
    pub(super) entries: Vec<Arc<[EntryId]>>,
}

impl TakingStep<'_> {
    /// Whether it takes an entry.
    pub(super) fn takes(&self, id: EntryId) -> bool {
        self.entries.iter().any(|entries| entries.binary_search(&id).is_ok())
    }
}

/// The steps of a stage that take something of the context, in the order of the file. Sources that are known only during
/// the build take nothing.
pub(super) fn taking_steps<'a>(build: &Build<'a>, stage: &Stage, context: &BuildContext) -> Vec<TakingStep<'a>> {
    let copies = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none());
    let mut steps: Vec<TakingStep> = copies
        .map(|transfer| {
            let selected = transfer.select(context).into_iter().flatten();
            let entries = selected.map(|selection| selection.entries).collect();
            TakingStep { index: transfer.index, instruction: transfer.instruction, entries }
        })
        .collect();
    for (index, source) in build.bound(stage) {
        let Some(selection) =
            source.and_then(|source| select(context, &source, Selector { parents: false, exclude: &[] }).ok())
        else {
            continue;
        };
        steps.push(TakingStep { index, instruction: build.instruction(index), entries: vec![selection.entries] });
    }
    steps.sort_by_key(|step| step.index);
    steps
}
